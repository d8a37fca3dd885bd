/** From the path of a URL to a file under a document root. Nothing outside the root, no dotfile, decoded once. */
import { realpathSync, statSync, type Stats } from 'node:fs';
import { sep } from 'node:path';
import { log } from './log.ts';

export type Resolved =
  | { readonly type: 'file'; readonly file: string; readonly stats: Stats }
  | { readonly type: 'folder' }
  | { readonly type: 'missing' }
  /** `leadsTo`: it is a link to a place that is not allowed. */
  | { readonly type: 'forbidden'; readonly leadsTo?: string };

/** Where the files of a site lie. */
export interface Place {
  /** Absolute, with links resolved. */
  readonly documentRoot: string;
  /** More folders into which links may lead. */
  readonly linkFolders?: readonly string[] | undefined;
}

const MISSING: Resolved = { type: 'missing' };
const FORBIDDEN: Resolved = { type: 'forbidden' };
const FOLDER: Resolved = { type: 'folder' };

/** Paths for which there is nothing to decode, to join and to refuse. */
const PLAIN = /^(?:\/[0-9A-Za-z_~!$&'()*+,;=:@-][0-9A-Za-z_~!$&'()*+,;=:@.-]*)*\/?$/;
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const REFUSED = /[\0-\x1f\x7f\\]/;

/** @returns the decoded path starting with "/", or null when it must not be served */
export function decodePath(urlPath: string): string | null {
  if (PLAIN.test(urlPath)) return urlPath;
  let path: string;
  try {
    path = decodeURIComponent(urlPath);
  } catch {
    return null; // Not UTF-8 after decoding.
  }
  if (!path.startsWith('/') || REFUSED.test(path)) return null;
  const joined = path.replace(/\/{2,}/g, '/');
  return hasDotSegment(joined.slice(1)) ? null : joined;
}

/** Dotfiles hold secrets (.env, .git); only what RFC 8615 reserves is public. "." and ".." are among them. */
function hasDotSegment(path: string): boolean {
  return path
    .split('/')
    .some((segment, index) => segment.startsWith('.') && !(index === 0 && segment === '.well-known'));
}

/** Where a file really lies does not change from one request to the next; asked again after a moment. */
interface Verdict {
  readonly inode: number;
  readonly device: number;
  /** Null: it may be served. */
  readonly refusal: Resolved | null;
  readonly until: number;
}
const verdictsOf = new WeakMap<Place, Map<string, Verdict>>();
const VERDICT_MS = 1000;
const MAX_VERDICTS = 2000;

/** @param path from `decodePath` */
export function resolveFile(place: Place, path: string): Resolved {
  // Decoded and checked: there is nothing left to join or to normalise.
  const file = place.documentRoot + path;
  try {
    const stats = statSync(file, { throwIfNoEntry: false });
    if (stats === undefined) return MISSING;
    const refusal = refusalOf(place, file, stats);
    if (refusal !== null) return refusal;
    if (stats.isDirectory()) return FOLDER;
    // Devices and pipes are no documents.
    return stats.isFile() ? { type: 'file', file, stats } : FORBIDDEN;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    // ENOTDIR: a path below a file. ENAMETOOLONG: no such file can be.
    return code === 'EACCES' || code === 'ELOOP' || code === 'EPERM' ? FORBIDDEN : MISSING;
  }
}

/** Links are followed as long as they stay in folders of the site and do not lead to a dotfile. */
function refusalOf(place: Place, file: string, stats: Stats): Resolved | null {
  const now = performance.now();
  const verdicts = verdictsOf.get(place) ?? new Map<string, Verdict>();
  verdictsOf.set(place, verdicts);
  const known = verdicts.get(file);
  if (known !== undefined && known.until > now && known.inode === stats.ino && known.device === stats.dev)
    return known.refusal;
  const refusal = judge(place, realpathSync.native(file));
  if (refusal !== null && 'leadsTo' in refusal)
    log('warn', `${file} leads to ${refusal.leadsTo ?? ''}, outside the project`);
  if (verdicts.size >= MAX_VERDICTS) verdicts.clear();
  verdicts.set(file, { inode: stats.ino, device: stats.dev, refusal, until: now + VERDICT_MS });
  return refusal;
}

function judge({ documentRoot, linkFolders = [] }: Place, real: string): Resolved | null {
  let isClosed = false;
  for (const folder of [documentRoot, ...linkFolders]) {
    if (real === folder) return null;
    if (!real.startsWith(folder + sep)) continue;
    if (!hasDotSegment(real.slice(folder.length + 1))) return null;
    isClosed = true;
  }
  // Dotfiles stay closed, whatever was allowed, and are not named.
  return isClosed || hasDotSegment(real.slice(1)) ? FORBIDDEN : { type: 'forbidden', leadsTo: real };
}

/** Source that is run or included, never shown: also copies that an editor or a person left behind. */
const SOURCE = /\.(?:php\d?|phtml|phps|phar|inc)$|\.(?:php\d?|phtml|phar)[~._-][^/]*$/i;

export const isSource = (path: string): boolean => SOURCE.test(path);
