/** The built user interface. Names come from a listing made at start, so nothing outside the folder can be asked for. */
import { readdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join, relative, sep } from 'node:path';

export interface StaticFiles {
  serve(request: IncomingMessage, response: ServerResponse, path: string): Promise<void>;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.json': 'application/json',
  '.woff2': 'font/woff2',
  '.webmanifest': 'application/manifest+json',
  '.map': 'application/json',
};

const CONTENT_SECURITY_POLICY =
  "default-src 'self'; connect-src 'self' ws://127.0.0.1:* ws://localhost:*; img-src 'self' data:; style-src 'self' 'unsafe-inline'; script-src 'self'; " +
  "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** @param folder dist/renderer; when it is missing, a plain page says so */
export function createStaticFiles(folder: string): StaticFiles {
  let names: ReadonlyMap<string, string> | undefined;
  // Read on the first request, not at start: the daemon has better things to do then.
  const listing = (): ReadonlyMap<string, string> => (names ??= listFiles(folder));

  return {
    serve(request, response, path) {
      const headers = {
        'content-security-policy': CONTENT_SECURITY_POLICY,
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cross-origin-opener-policy': 'same-origin',
        'x-frame-options': 'DENY',
      };
      const file = listing().get(path === '/' ? '/index.html' : path);
      if ((request.method !== 'GET' && request.method !== 'HEAD') || file === undefined) {
        response.writeHead(request.method === 'GET' || request.method === 'HEAD' ? 404 : 405, {
          ...headers,
          'content-type': 'text/plain; charset=utf-8',
        });
        response.end(path === '/' ? 'The user interface was not built: run `npm run build`.\n' : 'Not found.\n');
        return Promise.resolve();
      }
      const content = readFileSync(file);
      response.writeHead(200, {
        ...headers,
        'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
        'content-length': content.length,
        // Names under assets/ carry a hash of their content.
        'cache-control': path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
      });
      response.end(request.method === 'HEAD' ? undefined : content);
      return Promise.resolve();
    },
  };
}

function listFiles(folder: string): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  let entries;
  try {
    entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  } catch {
    return files; // Not built; serve() says so.
  }
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    files.set(`/${relative(folder, file).split(sep).join('/')}`, file);
  }
  return files;
}
