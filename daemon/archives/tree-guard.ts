/**
 * Where the entries of archives would end up on disk. Refuses what leads out of the folder they are unpacked into:
 * absolute names, `..`, links that leave the root (also through other links), names written through links.
 */
import { posix } from 'node:path';
import { KojiboxError } from '../../contract/errors.ts';

/** Of one archive, as unpacked. */
export interface ArchiveLimits {
  readonly maxBytes: number;
  readonly maxEntries: number;
}

export const DEFAULT_LIMITS: ArchiveLimits = { maxBytes: 2_000_000_000, maxEntries: 200_000 };

/** More links in a row are a loop for the kernel too; see path_resolution(7). */
const MAX_LINKS = 40;

export interface TreeGuard {
  /** Each throws ARCHIVE_UNSAFE; the name comes back normalised, `.` for the root itself. */
  directory(archive: string, name: string): string;
  file(archive: string, name: string): string;
  hardLink(archive: string, name: string, target: string): { readonly place: string; readonly target: string };
  /** Null when an absolute target is to be left out instead of refused. */
  symbolicLink(archive: string, name: string, target: string): string | null;
  /** At the end of each archive: every link still leads to a place inside. */
  assertLinksInside(archive: string): void;
}

/**
 * @param options.mergesTrees several archives share one tree, as Debian's packages do: a name may lie beneath a link as long as that leads to a
 *   place inside, and links with absolute targets (Debian policy 10.5 has them) are left out. Otherwise both are refused.
 */
export function createTreeGuard(options: { readonly mergesTrees: boolean }): TreeGuard {
  const links = new Map<string, string>();

  /** The place a path stands for, with all known links followed; null when it leaves the root. */
  const follow = (path: string): string | null => {
    const waiting = path.split('/').reverse();
    let place: string[] = [];
    let followed = 0;
    for (let part = waiting.pop(); part !== undefined; part = waiting.pop()) {
      if (part === '' || part === '.') continue;
      if (part === '..') {
        if (place.pop() === undefined) return null;
        continue;
      }
      const target = links.get([...place, part].join('/'));
      if (target === undefined) place = [...place, part];
      else if (++followed > MAX_LINKS) return null;
      else waiting.push(...target.split('/').reverse());
    }
    return place.join('/');
  };

  /** Where an entry is written: the folder with links followed, the last part as it is. */
  const placeOf = (archive: string, name: string): string => {
    const normal = safeName(archive, name, options.mergesTrees);
    if (normal === '.') return normal;
    const folder = posix.dirname(normal);
    const place = follow(folder);
    if (place === null) throw unsafe(archive, `${name} would be written through a link that leads out of the folder`);
    if (!options.mergesTrees && place !== (folder === '.' ? '' : folder)) {
      throw unsafe(archive, `${name} would be written through a link`);
    }
    return posix.join(place, posix.basename(normal));
  };

  return {
    directory(archive, name) {
      const place = placeOf(archive, name);
      // A tree keeps a link where a later archive has the folder that it leads to.
      if (links.has(place) && !options.mergesTrees) throw unsafe(archive, `${name} is both a link and a folder`);
      return place;
    },

    file(archive, name) {
      const place = placeOf(archive, name);
      links.delete(place);
      return place;
    },

    hardLink(archive, name, target) {
      const place = placeOf(archive, name);
      // A hard link's target is a name in the archive, seen from its root (tar(5)).
      const other = placeOf(archive, target);
      if (links.has(other)) throw unsafe(archive, `${name} is a hard link to a symbolic link`);
      links.delete(place);
      return { place, target: other };
    },

    symbolicLink(archive, name, target) {
      const place = placeOf(archive, name);
      if (place === '.') throw unsafe(archive, 'it would replace the folder itself by a link');
      if (target.startsWith('/') && options.mergesTrees) return null;
      if (target === '' || target.startsWith('/') || target.includes('\0')) {
        throw unsafe(archive, `the link ${name} points to ${JSON.stringify(target)}, outside the folder`);
      }
      links.set(place, target);
      if (follow(`${posix.dirname(place)}/${target}`) === null) {
        throw unsafe(archive, `the link ${name} points to ${target}, outside the folder`);
      }
      return place;
    },

    assertLinksInside(archive) {
      // A link that came later can bend an earlier one: a/x -> b/.. is inside until b becomes a link.
      for (const [place, target] of links) {
        if (follow(`${posix.dirname(place)}/${target}`) === null) {
          throw unsafe(archive, `the link ${place} points to ${target}, outside the folder`);
        }
      }
    },
  };
}

export function unsafe(archive: string, detail: string): KojiboxError {
  return new KojiboxError('ARCHIVE_UNSAFE', `cannot unpack ${posix.basename(archive)}`, { detail, source: 'runtime' });
}

/** A path inside the archive, normalised; throws ARCHIVE_UNSAFE when it is absolute or climbs out. */
function safeName(archive: string, name: string, allowsBackslash: boolean): string {
  // Units of systemd have names with a backslash; elsewhere it is another way to write a path for Windows.
  if (name === '' || name.includes('\0') || (name.includes('\\') && !allowsBackslash)) {
    throw unsafe(archive, `the name ${JSON.stringify(name)} is not allowed`);
  }
  if (name.startsWith('/') || /^[A-Za-z]:/.test(name)) throw unsafe(archive, `the name ${name} is absolute`);
  if (name.split('/').includes('..')) throw unsafe(archive, `the name ${name} leads out of the folder`);
  return posix.normalize(name).replace(/(?<=.)\/$/, '');
}
