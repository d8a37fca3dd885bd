/** Looks through a tar file before anything of it is unpacked. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { readTarHeaders } from './tar-headers.ts';
import { createTreeGuard, DEFAULT_LIMITS, unsafe, type ArchiveLimits, type TreeGuard } from './tree-guard.ts';

/** The daemon answers in between: 500 headers take about a millisecond. */
const ENTRIES_PER_TURN = 500;

export interface ScanResult {
  readonly entries: number;
  readonly bytes: number;
  /** Links with an absolute target, to be left out; only for a guard that merges trees. */
  readonly skipped: readonly string[];
}

/**
 * @param file an uncompressed tar file on disk
 * @param guard of the tree, when several archives are unpacked into it
 * @returns what it holds. Rejects with ARCHIVE_UNSAFE when it could write outside the folder, or fill the disk.
 */
export async function scanTar(
  file: string,
  limits: ArchiveLimits = DEFAULT_LIMITS,
  guard: TreeGuard = createTreeGuard({ mergesTrees: false }),
): Promise<ScanResult> {
  const skipped: string[] = [];
  let entries = 0;
  let bytes = 0;
  for (const { name, type, target, size } of readTarHeaders(file)) {
    entries += 1;
    bytes += size;
    if (entries > limits.maxEntries) throw unsafe(file, `it has more than ${limits.maxEntries} entries`);
    if (bytes > limits.maxBytes) throw unsafe(file, `it would unpack to more than ${limits.maxBytes} bytes`);
    if (type === '0' || type === '7') guard.file(file, name);
    else if (type === '5') guard.directory(file, name);
    else if (type === '1') guard.hardLink(file, name, target);
    else if (type !== '2') throw unsafe(file, `${name} is a device, a pipe or something unknown (type ${type})`);
    else if (guard.symbolicLink(file, name, target) === null) skipped.push(name);
    if (entries % ENTRIES_PER_TURN === 0) await nextTurn();
  }
  guard.assertLinksInside(file);
  return { entries, bytes, skipped };
}
