/** Paths as another system wrote them, on this machine: a Windows drive under /mnt, or the tool's own folder somewhere else. */
import { isAbsolute, normalize } from 'node:path';
import type { FileSystem } from '../system/files.ts';

/**
 * @param written as it stands in a settings file: `C:\laragon\www\shop`, `/opt/lampp/htdocs`
 * @param ownFolder matches the tool's own folder at the beginning of a path; that part is where the tool was found
 * @returns the first place that is there; else the likeliest one, so that it can be shown
 */
export async function localPath(
  files: FileSystem,
  written: string,
  ownFolder: RegExp | null,
  place: string,
): Promise<string> {
  const candidates = pathCandidates(written, ownFolder, place);
  for (const candidate of candidates)
    if ((await files.realPath(candidate).catch(() => null)) !== null) return candidate;
  return candidates[0] ?? written;
}

export function pathCandidates(written: string, ownFolder: RegExp | null, place: string): string[] {
  const text = written.replaceAll('\\', '/').replace(/\/+$/, '') || '/';
  const drive = /^([a-z]):\//i.exec(text)?.[1]?.toLowerCase();
  const own = ownFolder === null ? null : ownFolder.exec(text);
  return [
    ...(own !== null && own.index === 0 ? [`${place}${text.slice(own[0].length)}`] : []),
    ...(drive === undefined ? [] : [`/mnt/${drive}/${text.slice(3)}`]),
    ...(isAbsolute(text) ? [text] : []),
  ].map((path) => normalize(path));
}
