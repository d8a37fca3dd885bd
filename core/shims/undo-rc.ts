/** Takes the block out of a start file again. */
import { bytesOf, readByteText } from '../system/byte-text.ts';
import type { FileSystem } from '../system/files.ts';
import { hasRcBlock, withoutRcBlock } from './rc-block.ts';

/** Everything else in the file stays as it is; a file that only the block had made goes. Harmless when there is no block. */
export async function removeRcBlock(files: FileSystem, file: string, id: string): Promise<void> {
  const target = (await files.realPath(file)) ?? file;
  const [text, found] = [await readByteText(files, target), await files.stat(target)];
  if (text === null || found === null || !hasRcBlock(text, id)) return;
  const rest = withoutRcBlock(text, id);
  if (rest === null) await files.remove(target);
  else
    await files.writeAtomic(target, bytesOf(rest), {
      mode: found.mode & 0o7777,
      owner: { uid: found.uid, gid: found.gid },
    });
}
