/** Brings a freshly unpacked tree to the disk, so that a power cut after "installed" does not leave empty files. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Flushes the whole file system that holds the folder (syncfs(2), through coreutils' sync): thousands of single fsyncs take longer. */
export async function flushTree(folder: string): Promise<void> {
  const child = spawn('sync', ['-f', folder], { stdio: 'ignore' });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw Object.assign(new Error(`cannot write ${folder} to the disk`), { code: 'EIO' });
}
