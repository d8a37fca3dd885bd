/** The built page, served to the window as `app://kojibox/…`: no port, no token, no other file. */
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { isOwnUrl } from './app-origin.ts';

export interface Asset {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer>;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
};

/**
 * No script but the app's own files, and no connection at all: everything goes through the port. Styles may be inline because the
 * components place menus and dialogs by style attributes. Frames show mails, which carry a policy of their own.
 */
export const CONTENT_SECURITY_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'none'; " +
  "frame-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  // A name that is looked up in advance could carry something out.
  'x-dns-prefetch-control': 'off',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

/**
 * @param folder dist/renderer
 * @returns serves a URL; a name that was not in the folder when it was listed is answered with 404, so no path can lead outside
 */
export function createAssets(folder: string): (request: { url: string; method: string }) => Promise<Asset> {
  let names: ReadonlyMap<string, string> | undefined;

  return async ({ url, method }) => {
    if (method !== 'GET' && method !== 'HEAD') return refuse(405, 'Only GET.');
    if (!isOwnUrl(url)) return refuse(404, 'Not found.');
    names ??= listFiles(folder);
    const { pathname } = new URL(url);
    const file = names.get(pathname === '/' ? '/index.html' : pathname);
    if (file === undefined)
      return refuse(404, pathname === '/' ? 'The interface was not built: run `npm run build`.' : 'Not found.');
    const body = new Uint8Array(await readFile(file));
    return {
      status: 200,
      headers: { ...HEADERS, 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' },
      body: method === 'HEAD' ? new Uint8Array() : body,
    };
  };
}

const refuse = (status: number, text: string): Asset => ({
  status,
  headers: { ...HEADERS, 'content-type': 'text/plain; charset=utf-8' },
  body: new TextEncoder().encode(`${text}\n`),
});

/** By the path as it stands in a URL; links are not followed, so none can lead outside. */
function listFiles(folder: string): ReadonlyMap<string, string> {
  try {
    return new Map(
      readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .map((file) => [`/${relative(folder, file).split(sep).map(encodeURIComponent).join('/')}`, file]),
    );
  } catch {
    return new Map(); // Not built; the answer to the first request says so.
  }
}
