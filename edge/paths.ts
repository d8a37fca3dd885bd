/** From the path of a URL to a file under a document root. Nothing outside the root, no dotfile, decoded once. */
import { realpathSync, statSync, type Stats } from 'node:fs';
import { join, sep } from 'node:path';

export type Resolved =
  | { readonly type: 'file'; readonly file: string; readonly stats: Stats }
  | { readonly type: 'folder'; readonly folder: string }
  | { readonly type: 'missing' }
  | { readonly type: 'forbidden' };

/** @returns the decoded path starting with "/", or null when it must not be served */
export function decodePath(urlPath: string): string | null {
  let path: string;
  try {
    path = decodeURIComponent(urlPath);
  } catch {
    return null; // Not UTF-8 after decoding.
  }
  if (!path.startsWith('/') || /[\0\\]/.test(path)) return null;
  const segments = path.split('/');
  for (const segment of segments) {
    if (segment === '..' || segment === '.') return null;
    // Dotfiles hold secrets (.env, .git); only what RFC 8615 reserves is public.
    if (segment.startsWith('.') && segment !== '.well-known') return null;
  }
  return path.replace(/\/{2,}/g, '/');
}

/** @param root absolute, with links resolved; @param path from `decodePath` */
export function resolveFile(root: string, path: string): Resolved {
  const file = join(root, path);
  let stats: Stats | undefined;
  try {
    stats = statSync(file, { throwIfNoEntry: false });
    if (stats === undefined) return { type: 'missing' };
    const real = realpathSync.native(file);
    if (real !== root && !real.startsWith(root + sep)) return { type: 'forbidden' };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    return { type: code === 'EACCES' || code === 'ELOOP' ? 'forbidden' : 'missing' };
  }
  if (stats.isDirectory()) return { type: 'folder', folder: file };
  return stats.isFile() ? { type: 'file', file, stats } : { type: 'forbidden' };
}
