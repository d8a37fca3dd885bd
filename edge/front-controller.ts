/**
 * Which script answers a path that is no file. Usually it is the index.php of the document root; an application in a folder of its own
 * answers for what is below it, and WordPress serves sites that are folders of one installation (multisite).
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { READ_FLAGS } from './file-stream.ts';
import { resolveFile, type Place } from './paths.ts';

const WORDPRESS = 'wp-load.php';
/** What WordPress' own rules for multisite let through below the name of a site (wp-admin/network/setup.php writes them). */
const OF_WORDPRESS = /^\/(?:wp-(?:admin|content|includes)(?:\/.*)?|[^/]+\.php(?:\/.*)?)$/i;

/** @returns the same path without the folder that names a site of a multisite; null when it is none */
export function pathInMultisite(place: Place, path: string): string | null {
  // The installation may lie in a folder: /blog/site2/wp-admin/ is /blog/wp-admin/.
  for (let end = path.indexOf('/', 1); end !== -1; end = path.indexOf('/', end + 1)) {
    const rest = path.slice(end);
    if (!OF_WORDPRESS.test(rest)) continue;
    const installation = path.slice(0, path.lastIndexOf('/', end - 1));
    if (isFile(place, `${installation}/${WORDPRESS}`)) return `${installation}${rest}`;
  }
  return null;
}

/** @returns path of the script below the document root; null: there is none */
export function frontControllerFor(place: Place, path: string, usual: string): string | null {
  const root = isFile(place, `/${usual}`) ? `/${usual}` : null;
  const ownedByWordPress = root !== null && isFile(place, `/${WORDPRESS}`);
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
    const folder = path.slice(0, end);
    const script = `${folder}/${usual}`;
    const found = resolveFile(place, script);
    if (found.type !== 'file') continue;
    const isApplication =
      isFile(place, `${folder}/${WORDPRESS}`) ||
      rewrites(`${place.documentRoot}${folder}/.htaccess`, usual) ||
      // The index.php of a folder of WordPress itself answers for that folder alone.
      (!ownedByWordPress && loadsMore(found.file));
    if (isApplication) return script;
  }
  return root;
}

const isFile = (place: Place, path: string): boolean => resolveFile(place, path).type === 'file';

/** Rules that send a folder's paths to a script, as Apache reads them. */
function rewrites(file: string, script: string): boolean {
  const text = firstPart(file);
  return /^\s*(?:RewriteRule|FallbackResource)\b/im.test(text) && text.includes(script);
}

/** A front controller loads the application; an empty page that hides a listing does not. */
const loadsMore = (file: string): boolean => /\b(?:require|include)(?:_once)?\b/.test(firstPart(file));

const READ_BYTES = 16 * 1024;
function firstPart(file: string): string {
  let descriptor: number;
  try {
    descriptor = openSync(file, READ_FLAGS);
  } catch {
    return ''; // Not there, or not for the edge to read: then it says nothing.
  }
  try {
    const part = Buffer.alloc(READ_BYTES);
    return part.toString('latin1', 0, readSync(descriptor, part, 0, READ_BYTES, 0));
  } catch {
    return ''; // A folder of this name.
  } finally {
    closeSync(descriptor);
  }
}
