/** Reading a pack: the zip's directory is held against its signed manifest, and every byte against its digest, before anything is used. APPNOTE 6.3. */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Writable, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { openPromise, type Entry, type ZipFile } from 'yauzl';
import { KojiboxError } from '../../contract/errors.ts';
import { openPackManifest, PACK_MANIFEST, packRefusal, type PackManifest } from '../../core/packs/pack-manifest.ts';

const MAX_MANIFEST_BYTES = 4_000_000;
const MAX_ENTRIES = 5001;
/** Of all files together, unpacked. */
const MAX_BYTES = 16_000_000_000;
/** Packages are stored as they are; an index of packages reaches 6. Small files may be anything. */
const MAX_RATIO = 40;
const SMALL_BYTES = 1_000_000;
const STORED = 0;
const DEFLATED = 8;
/** High byte of "version made by": the attributes hold a Unix mode. */
const MADE_ON_UNIX = 3;
const FILE_TYPE = 0o170000;
const REGULAR = 0o100000;

export interface PackWork {
  readonly signal?: AbortSignal;
  progress?(doneBytes: number, totalBytes: number): void;
}

export interface OpenPack {
  readonly manifest: PackManifest;
  /** Of the key that signed it; that its signature is right was checked. */
  readonly fingerprint: string;
  /** Of the file. */
  readonly sizeBytes: number;
  /** Reads everything. Rejects with PACK_DAMAGED. */
  verify(work: PackWork): Promise<void>;
  /** The same, and writes each file below `folder`, which must be empty and no one else's. */
  extract(folder: string, work: PackWork): Promise<void>;
  close(): void;
}

/** Rejects with NOT_FOUND, PERMISSION_DENIED, PACK_DAMAGED, PACK_FORMAT_UNKNOWN or PACK_SIGNATURE_INVALID. Reads the directory and the manifest only. */
export async function openPack(path: string, name = basename(path)): Promise<OpenPack> {
  const damaged = (detail: string, cause?: unknown): KojiboxError => packRefusal('PACK_DAMAGED', name, detail, cause);
  const found = await stat(path).catch((cause: unknown) => {
    throw cannotRead(path, cause);
  });
  if (!found.isFile()) throw damaged('it is not a file');
  const zip = await openPromise(path, { lazyEntries: true, autoClose: false, strictFileNames: true }).catch(
    (cause: unknown) => {
      throw hasCode(cause)
        ? cannotRead(path, cause)
        : damaged(`it is not a whole zip file (${messageOf(cause)})`, cause);
    },
  );
  try {
    const entries = await readDirectory(zip, found.size, damaged);
    const first = entries.get(PACK_MANIFEST);
    if (first === undefined) throw damaged(`it has no ${PACK_MANIFEST}: it is not a pack`);
    if (first.uncompressedSize > MAX_MANIFEST_BYTES) throw damaged('its manifest is too large');
    const text = await readText(zip, first).catch((cause: unknown) => {
      throw hasCode(cause) ? cause : damaged(`its manifest cannot be read (${messageOf(cause)})`, cause);
    });
    const { manifest, fingerprint } = openPackManifest(text, name);
    const files = manifest.files.map((file) => {
      const entry = entries.get(file.path);
      if (entry === undefined) throw damaged(`${file.path} is missing`);
      if (entry.uncompressedSize !== file.size) throw damaged(`${file.path} has not the size that was signed`);
      return { ...file, entry };
    });
    if (entries.size !== files.length + 1) throw damaged('it holds files that were not signed');
    const total = files.reduce((sum, { size }) => sum + size, 0);

    const read = async (folder: string | null, { signal, progress }: PackWork): Promise<void> => {
      let done = 0;
      for (const { path: place, sha256, entry } of files) {
        signal?.throwIfAborted();
        const target = folder === null ? discard() : await fileIn(folder, place);
        const hash = createHash('sha256');
        const count = async function* (source: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
          for await (const piece of source) {
            hash.update(piece);
            done += piece.length;
            progress?.(done, total);
            yield piece;
          }
        };
        try {
          const content: Readable = await zip.openReadStreamPromise(entry);
          await pipeline(content, count, target, signal === undefined ? {} : { signal });
        } catch (cause) {
          signal?.throwIfAborted();
          throw isOfDisk(cause) ? cause : damaged(`${place} cannot be read (${messageOf(cause)})`, cause);
        }
        if (hash.digest('hex') !== sha256) throw damaged(`${place} is not what was signed`);
      }
    };
    return {
      manifest,
      fingerprint,
      sizeBytes: found.size,
      verify: (work) => read(null, work),
      extract: (folder, work) => read(folder, work),
      close: () => zip.close(),
    };
  } catch (error) {
    zip.close();
    throw error;
  }
}

/** All entries by name, none of which is a link, a folder, a bomb, or there twice. */
async function readDirectory(
  zip: ZipFile,
  fileBytes: number,
  damaged: (detail: string, cause?: unknown) => KojiboxError,
): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>();
  let packed = 0;
  let unpacked = 0;
  try {
    for await (const entry of zip.eachEntry()) {
      const { fileName, compressionMethod, compressedSize, uncompressedSize } = entry;
      const mode = entry.versionMadeBy >> 8 === MADE_ON_UNIX ? (entry.externalFileAttributes >>> 16) & FILE_TYPE : 0;
      if (fileName.endsWith('/') || ![0, REGULAR].includes(mode)) throw damaged(`${fileName} is not a plain file`);
      if (entries.has(fileName)) throw damaged(`${fileName} is there twice`);
      if (![STORED, DEFLATED].includes(compressionMethod)) throw damaged(`${fileName} is packed in an unknown way`);
      packed += compressedSize;
      unpacked += uncompressedSize;
      // Entries that share their bytes would be the same bomb in another form.
      if (
        uncompressedSize > Math.max(SMALL_BYTES, compressedSize * MAX_RATIO) ||
        unpacked > MAX_BYTES ||
        packed > fileBytes
      )
        throw damaged(`${fileName} would unpack to more than a pack may hold`);
      entries.set(fileName, entry);
      if (entries.size > MAX_ENTRIES) throw damaged(`it has more than ${MAX_ENTRIES} files`);
    }
  } catch (cause) {
    if (cause instanceof KojiboxError || hasCode(cause)) throw cause;
    throw damaged(messageOf(cause), cause);
  }
  return entries;
}

async function readText(zip: ZipFile, entry: Entry): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of await zip.openReadStreamPromise(entry)) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString('utf8');
}

async function fileIn(folder: string, place: string): Promise<Writable> {
  const target = join(folder, place);
  await mkdir(dirname(target), { recursive: true, mode: 0o700 });
  // A new file each time: nothing that lies there already, a link above all, is written through.
  return createWriteStream(target, { flags: 'wx', mode: 0o644 });
}

const discard = (): Writable => new Writable({ write: (_piece, _encoding, done) => done() });

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));
const hasCode = (cause: unknown): boolean => cause instanceof Error && 'code' in cause;
/** zlib's errors have a code too (Z_DATA_ERROR): those are the pack's fault. */
const isOfDisk = (cause: unknown): boolean =>
  hasCode(cause) && /^E[A-Z]+$/.test(String((cause as NodeJS.ErrnoException).code));

function cannotRead(path: string, cause: unknown): unknown {
  const { code } = cause as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new KojiboxError('NOT_FOUND', `cannot open ${basename(path)}`, {
      detail: `there is no file ${path}`,
      source: 'packs',
      remedy: 'Give the path of a .kojipack file.',
      cause,
    });
  }
  if (code !== 'EACCES' && code !== 'EPERM') return cause;
  return new KojiboxError('PERMISSION_DENIED', `cannot open ${basename(path)}`, {
    detail: `the daemon's user may not read ${path}`,
    source: 'packs',
    remedy: 'Give that user the right to read the file.',
    cause,
  });
}
