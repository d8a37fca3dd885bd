/** Mails as files, one each, in a folder that only the daemon writes. */
import { watch, type FSWatcher } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { KojiboxError } from '../../contract/errors.ts';
import type { MailSummary } from '../../contract/mail.ts';
import type { FileSystem } from '../../core/system/files.ts';
import { openForeign } from '../system/foreign-files.ts';
import { summaryOfHead } from './mail-head.ts';
import { openMailWriter, type MailWriter } from './mail-writer.ts';
import type { Envelope } from './smtp-session.ts';

const MAX_MAILS = 1000;
export const MAX_MESSAGE_BYTES = 50 * 1024 * 1024;
/** Twice a message: its envelope is before it. A home of an earlier version may have links of another user in this folder. */
const READING = { maxBytes: 2 * MAX_MESSAGE_BYTES, followsLink: false } as const;
const isRoot = process.getuid?.() === 0;
const MAX_HEAD_BYTES = 64 * 1024;
/** Of a source, in one answer: a larger one would hold up everything else of the daemon. */
const PIECE_BYTES = 1024 * 1024;
/** Files that are open at the same time. */
const READ_AT_ONCE = 16;
/** Several files often come at once. */
const SETTLE_MS = 50;

export interface Mailbox {
  /** Newest first. */
  list(): Promise<MailSummary[]>;
  /** A part of its source that begins after `offset` bytes; `nextOffset` is null at its end. Rejects with NOT_FOUND. */
  piece(id: string, offset: number): Promise<{ readonly bytes: Buffer; readonly nextOffset: number | null }>;
  /** Rejects with NOT_FOUND; without an id all are removed. */
  remove(id?: string): Promise<void>;
  /**
   * A mail that comes piece by piece.
   *
   * @param envelope null: it came as a file, and only its own head says from whom
   */
  receive(envelope: Envelope | null): MailWriter;
  close(): void;
}

/** @param folder made when it is missing; the oldest mails above 1,000 are deleted */
export async function openMailbox(
  folder: string,
  files: FileSystem,
  changed: (count: number) => void,
): Promise<Mailbox> {
  await files.makeDirectory(folder, { mode: 0o700, ...(isRoot ? { owner: { uid: 0, gid: 0 } } : {}) });
  const known = new Map<string, MailSummary>();
  const fileOf = (id: string): string => join(folder, `${id}.eml`);

  const names = async (): Promise<string[]> =>
    (await readdir(folder)).filter((name) => name.endsWith('.eml') && !name.startsWith('.')).sort();

  const summaryOf = async (name: string): Promise<MailSummary | null> => {
    const id = name.replace(/\.eml$/, '');
    const cached = known.get(id);
    if (cached !== undefined) return cached;
    const read = await readHead(join(folder, name)).catch((error: unknown) => {
      // Of a time when other users could write here: what is no mail is not one of the list.
      if (error instanceof KojiboxError && error.code === 'FILE_REFUSED') return null;
      throw error;
    });
    if (read === null) return null;
    const summary = { id, receivedAt: read.at.toISOString(), size: read.size, ...summaryOfHead(read.head) };
    known.set(id, summary);
    return summary;
  };

  let timer: NodeJS.Timeout | undefined;
  const tell = async (): Promise<void> => {
    const all = await names();
    for (const old of all.slice(0, Math.max(0, all.length - MAX_MAILS))) await rm(join(folder, old), { force: true });
    changed(Math.min(all.length, MAX_MAILS));
  };
  const watcher: FSWatcher = watch(folder, (_, name) => {
    if (name === null || name.startsWith('.') || !name.endsWith('.eml')) return;
    clearTimeout(timer);
    timer = setTimeout(() => void tell().catch(() => undefined), SETTLE_MS); // The folder is going away with the daemon.
  });
  watcher.on('error', () => watcher.close());

  const notFound = (id: string): KojiboxError =>
    new KojiboxError('NOT_FOUND', `there is no mail "${id}"`, { source: 'mail', remedy: 'See: koji mail list' });

  return {
    async list() {
      const listed = (await names()).reverse().slice(0, MAX_MAILS);
      const found: (MailSummary | null)[] = [];
      for (let at = 0; at < listed.length; at += READ_AT_ONCE)
        found.push(...(await Promise.all(listed.slice(at, at + READ_AT_ONCE).map(summaryOf))));
      return found.filter((mail) => mail !== null).sort((a, b) => (a.receivedAt < b.receivedAt ? 1 : -1));
    },
    async piece(id, offset) {
      const handle = await openForeign(fileOf(id), READING);
      if (handle === null) throw notFound(id);
      try {
        const { size } = await handle.stat();
        const buffer = Buffer.alloc(Math.min(PIECE_BYTES, Math.max(0, size - offset)));
        const { bytesRead } = await handle.read(buffer, 0, buffer.length, offset);
        const next = offset + bytesRead;
        return { bytes: buffer.subarray(0, bytesRead), nextOffset: bytesRead > 0 && next < size ? next : null };
      } finally {
        await handle.close();
      }
    },
    async remove(id) {
      if (id === undefined) {
        for (const name of await names()) await rm(join(folder, name), { force: true });
        known.clear();
        return;
      }
      if ((await stat(fileOf(id)).catch(() => null)) === null) throw notFound(id);
      await rm(fileOf(id), { force: true });
      known.delete(id);
    },
    receive: (envelope) => openMailWriter(folder, envelope),
    close() {
      clearTimeout(timer);
      watcher.close();
    },
  };
}

/** Null: it was deleted. */
async function readHead(path: string): Promise<{ head: string; size: number; at: Date } | null> {
  const handle = await openForeign(path, READING);
  if (handle === null) return null;
  try {
    const { size, mtime } = await handle.stat();
    const buffer = Buffer.alloc(Math.min(size, MAX_HEAD_BYTES));
    await handle.read(buffer, 0, buffer.length, 0);
    const text = buffer.toString('utf8');
    return { head: text.split(/\r?\n\r?\n/, 1)[0] ?? '', size, at: mtime };
  } finally {
    await handle.close();
  }
}
