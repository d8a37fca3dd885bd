/** Unpacking verified zip files: the whole directory is checked before the first byte is written. Format: PKWARE APPNOTE 6.3. */
import { createWriteStream } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { openPromise, type Entry } from 'yauzl';
import { createTreeGuard, DEFAULT_LIMITS, unsafe, type ArchiveLimits } from './tree-guard.ts';

/** Deflate's bound is 1032; small files may be anything. */
const MAX_RATIO = 100;
const SMALL_BYTES = 64_000_000;
/** High byte of "version made by": the attributes hold a Unix mode. */
const MADE_ON_UNIX = 3;
const FILE_TYPE = 0o170000;
const REGULAR = 0o100000;
const FOLDER = 0o040000;

export interface UnpackZipOptions {
  readonly limits?: ArchiveLimits;
  readonly signal?: AbortSignal;
}

/** @returns unpacked bytes. Rejects with ARCHIVE_UNSAFE before anything was written into `folder`; links are not accepted. */
export async function unpackZip(archive: string, folder: string, options: UnpackZipOptions = {}): Promise<number> {
  // yauzl checks each entry's data against the size that the directory says, so the sum below is the truth.
  const zip = await openPromise(archive, { lazyEntries: true, autoClose: false, strictFileNames: true }).catch(
    (error: unknown) => {
      throw damage(archive, error);
    },
  );
  try {
    const entries: {
      readonly entry: Entry;
      readonly place: string;
      readonly mode: number;
      readonly isFolder: boolean;
    }[] = [];
    const limits = options.limits ?? DEFAULT_LIMITS;
    const guard = createTreeGuard({ mergesTrees: false });
    const maxBytes = Math.min(limits.maxBytes, Math.max(SMALL_BYTES, (await stat(archive)).size * MAX_RATIO));
    const [places, folders] = [new Set<string>(), new Set<string>()];
    let bytes = 0;
    try {
      for await (const entry of zip.eachEntry()) {
        const mode = modeOf(entry);
        const isFolder = entry.fileName.endsWith('/');
        if (![0, isFolder ? FOLDER : REGULAR].includes(mode & FILE_TYPE)) {
          throw unsafe(archive, `${entry.fileName} is a link or a device`);
        }
        const place = isFolder ? guard.directory(archive, entry.fileName) : guard.file(archive, entry.fileName);
        if (!isFolder && places.has(place)) throw unsafe(archive, `${place} is there twice`);
        assertName(archive, place, isFolder);
        for (const parent of parentsOf(place)) folders.add(parent);
        if (isFolder) folders.add(place);
        else places.add(place);
        entries.push({ entry, place, mode, isFolder });
        bytes += entry.uncompressedSize;
        if (entries.length > limits.maxEntries) throw unsafe(archive, `it has more than ${limits.maxEntries} entries`);
        if (bytes > maxBytes) throw unsafe(archive, `it would unpack to more than ${maxBytes} bytes`);
      }
    } catch (error) {
      throw damage(archive, error);
    }
    for (const place of places) if (folders.has(place)) throw unsafe(archive, `${place} is both a file and a folder`);
    for (const { entry, place, mode, isFolder } of entries) {
      options.signal?.throwIfAborted();
      const target = join(folder, place);
      await mkdir(isFolder ? target : dirname(target), { recursive: true, mode: 0o755 });
      if (isFolder) continue;
      const executable = (mode & 0o111) !== 0;
      const content = await zip.openReadStreamPromise(entry).catch((error: unknown) => {
        throw damage(archive, error);
      });
      // A new file each time: nothing that lies there already, a link above all, is written through.
      const file = createWriteStream(target, { flags: 'wx', mode: executable ? 0o755 : 0o644 });
      await pipeline(content, file, options.signal === undefined ? {} : { signal: options.signal }).catch(
        (error: unknown) => {
          throw damage(archive, error);
        },
      );
    }
    return bytes;
  } finally {
    zip.close();
  }
}

const modeOf = (entry: Entry): number =>
  entry.versionMadeBy >> 8 === MADE_ON_UNIX ? (entry.externalFileAttributes >>> 16) & 0o177777 : 0;

/** NAME_MAX and PATH_MAX of limits.h, less what the folder's own path may have. */
const MAX_NAME_BYTES = 255;
const MAX_PLACE_BYTES = 3000;

function assertName(archive: string, place: string, isFolder: boolean): void {
  if (place === '.' && !isFolder) throw unsafe(archive, 'a file has the name of the folder itself');
  const isTooLong =
    Buffer.byteLength(place) > MAX_PLACE_BYTES ||
    place.split('/').some((name) => Buffer.byteLength(name) > MAX_NAME_BYTES);
  if (isTooLong) throw unsafe(archive, `the name ${place.slice(0, 60)}… is too long`);
}

/** `a` and `a/b` of `a/b/c`. */
const parentsOf = (place: string): string[] => [...place.matchAll(/\//g)].map(({ index }) => place.slice(0, index));

/** yauzl speaks in sentences only, zlib in codes of its own; errors of the disk have a code too. */
function damage(archive: string, error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  if ('code' in error && !String(error.code).startsWith('Z_')) return error;
  return unsafe(archive, `it is not a whole zip file (${error.message})`);
}
