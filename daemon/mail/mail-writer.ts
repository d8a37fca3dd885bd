/** A mail as it comes, piece by piece, into a file that has its name only when it is whole. */
import { randomBytes } from 'node:crypto';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Envelope } from './smtp-session.ts';

export interface MailWriter {
  /** Each waits for the one before; rejects with the error of the disk. */
  write(piece: Buffer): Promise<void>;
  /** From here on it is a mail. */
  finish(): Promise<void>;
  /** Leaves nothing behind; does nothing after `finish`. */
  discard(): Promise<void>;
}

/**
 * Under a name that cannot be guessed, and never through a link that lies there already.
 *
 * @param envelope null: its own head says from whom it is
 */
export function openMailWriter(folder: string, envelope: Envelope | null): MailWriter {
  const id = `${new Date().toISOString().replaceAll(/[:.]/g, '-')}-${randomBytes(6).toString('hex')}`;
  const temporary = join(folder, `.${id}`);
  let handle: FileHandle | null = null;
  let isFinished = false;
  const begin = async (): Promise<FileHandle> => {
    const made = await open(temporary, 'wx', 0o600);
    handle = made;
    if (envelope !== null) {
      const { from, to } = envelope;
      await made.write(`X-Kojibox-Envelope: <${from}> to ${to.map((address) => `<${address}>`).join(', ')}\r\n`);
    }
    return made;
  };
  return {
    async write(piece) {
      await (handle ?? (await begin())).write(piece);
    },
    async finish() {
      await (handle ?? (await begin())).close();
      handle = null;
      await rename(temporary, join(folder, `${id}.eml`));
      isFinished = true;
    },
    async discard() {
      if (isFinished) return;
      await handle?.close();
      handle = null;
      await rm(temporary, { force: true });
    },
  };
}
