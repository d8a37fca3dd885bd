/** A PHP site: static files, scripts, and a front controller for everything else. */
import { join } from 'node:path';
import type { Stats } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import type { EdgeRoute } from '../contract/edge.ts';
import type { Exchange } from './exchange.ts';
import { HOP_BY_HOP } from './exchange.ts';
import { exchange as runFastcgi, UpstreamError, type ResponseHead, type ResponseSink } from './fastcgi/exchange.ts';
import { FastcgiPool } from './fastcgi/pool.ts';
import { encodePairs } from './fastcgi/protocol.ts';
import { decodePath, resolveFile } from './paths.ts';
import { serveFile } from './static.ts';

type PhpRoute = Extract<EdgeRoute, { type: 'php' }>;

/** Bodies without a length are collected first, because CGI needs one (RFC 3875 section 4.1.2). */
const MAX_COLLECTED = 32 * 1024 * 1024;
const SOURCE_ENDING = /\.(php\d?|phtml|phps|phar|inc)$/i;
const INDEX = ['index.php', 'index.html', 'index.htm'];

const pools = new Map<string, FastcgiPool>();
const poolFor = (socket: string): FastcgiPool => {
  const pool = pools.get(socket) ?? new FastcgiPool(socket);
  pools.set(socket, pool);
  return pool;
};

interface Script {
  readonly file: string;
  readonly name: string;
  readonly pathInfo: string;
}

export async function servePhp(exchange: Exchange, route: PhpRoute): Promise<void> {
  const path = decodePath(exchange.path);
  if (path === null) {
    exchange.fail(404);
    return;
  }
  const found = findTarget(route, path);
  if (found === 'forbidden') exchange.fail(403);
  else if (found === 'missing') exchange.fail(404);
  else if ('redirect' in found)
    exchange.send(
      301,
      { location: `${exchange.path}/${exchange.query === '' ? '' : `?${exchange.query}`}`, 'content-length': '0' },
      null,
    );
  else if ('stats' in found) serveFile(exchange, found.file, found.stats);
  else await runScript(exchange, route, found);
}

type Target =
  Script | { readonly file: string; readonly stats: Stats } | { readonly redirect: true } | 'missing' | 'forbidden';

/** The order of a usual server: the file itself, a script with a path behind it, the index of a folder, the front controller. */
function findTarget(route: PhpRoute, path: string): Target {
  const root = route.documentRoot;
  const script = /^(.*?\.php)(\/.*)?$/i.exec(path);
  if (script !== null) {
    const name = script[1] ?? '';
    const resolved = resolveFile(root, name);
    if (resolved.type === 'file') return { file: resolved.file, name, pathInfo: script[2] ?? '' };
    if (resolved.type === 'forbidden') return 'forbidden';
  } else {
    const resolved = resolveFile(root, path);
    if (resolved.type === 'forbidden') return 'forbidden';
    if (resolved.type === 'file')
      return SOURCE_ENDING.test(path) ? 'missing' : { file: resolved.file, stats: resolved.stats };
    if (resolved.type === 'folder') {
      for (const index of INDEX) {
        const candidate = resolveFile(root, join(path, index));
        if (candidate.type !== 'file') continue;
        if (!path.endsWith('/')) return { redirect: true };
        return index.endsWith('.php')
          ? { file: candidate.file, name: join(path, index), pathInfo: '' }
          : { file: candidate.file, stats: candidate.stats };
      }
    }
  }
  if (route.frontController === null) return 'missing';
  const front = resolveFile(root, `/${route.frontController}`);
  return front.type === 'file' ? { file: front.file, name: `/${route.frontController}`, pathInfo: '' } : 'missing';
}

async function runScript(exchange: Exchange, route: PhpRoute, script: Script): Promise<void> {
  let body: Readable | null = exchange.hasBody ? exchange.request : null;
  let length = exchange.headers['content-length'];
  if (body !== null && length === undefined) {
    const collected = await collect(exchange.request);
    if (collected === null) {
      exchange.fail(413);
      return;
    }
    length = String(collected.length);
    body = collected.length === 0 ? null : Readable.from([collected]);
  }
  if (exchange.headers.expect?.toLowerCase() === '100-continue' && !exchange.isHttp2)
    (exchange.response as ServerResponse).writeContinue();
  const params = encodePairs(parameters(exchange, route, script, length));
  try {
    await runFastcgi(poolFor(route.socket), params, body, sinkOf(exchange), route.service, exchange.signal);
  } catch (error) {
    if (exchange.signal.aborted) return;
    const reason = error instanceof UpstreamError ? error.message : String(error);
    const isDown = /ENOENT|ECONNREFUSED/.test(reason);
    exchange.fail(isDown ? 503 : 502, {}, { service: route.service, reason });
  }
}

async function collect(source: Readable): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of source as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_COLLECTED) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The variables of CGI (RFC 3875 section 4.1) as PHP expects them, and the project's own environment. */
function* parameters(
  exchange: Exchange,
  route: PhpRoute,
  script: Script,
  length: string | undefined,
): Generator<readonly [string, string]> {
  const { headers } = exchange;
  yield ['GATEWAY_INTERFACE', 'CGI/1.1'];
  yield ['SERVER_SOFTWARE', 'kojibox'];
  yield ['SERVER_PROTOCOL', exchange.isHttp2 ? 'HTTP/2.0' : `HTTP/${exchange.request.httpVersion}`];
  yield ['REQUEST_METHOD', exchange.method];
  yield ['REQUEST_URI', exchange.target];
  yield ['QUERY_STRING', exchange.query];
  yield ['SCRIPT_NAME', script.name];
  yield ['SCRIPT_FILENAME', script.file];
  yield ['DOCUMENT_ROOT', route.documentRoot];
  yield ['DOCUMENT_URI', script.name + script.pathInfo];
  if (script.pathInfo !== '') yield ['PATH_INFO', script.pathInfo];
  yield ['REQUEST_SCHEME', 'https'];
  yield ['HTTPS', 'on'];
  yield ['SERVER_NAME', exchange.host];
  yield ['SERVER_PORT', String(exchange.localPort)];
  yield ['SERVER_ADDR', exchange.request.socket.localAddress ?? '127.0.0.1'];
  yield ['REMOTE_ADDR', exchange.remoteAddress];
  yield ['REMOTE_PORT', String(exchange.request.socket.remotePort ?? 0)];
  yield ['REDIRECT_STATUS', '200'];
  yield ['CONTENT_TYPE', headers['content-type'] ?? ''];
  yield ['CONTENT_LENGTH', length ?? ''];
  yield ['HTTP_HOST', (headers[':authority'] as string | undefined) ?? headers.host ?? exchange.host];
  for (const [name, value] of Object.entries(headers)) {
    // Pseudo headers are not headers; "Proxy" would set the proxy of many HTTP clients (httpoxy); "a_b" would pass for "a-b".
    if (
      value === undefined ||
      name.startsWith(':') ||
      name === 'host' ||
      name === 'proxy' ||
      name === 'content-type' ||
      name === 'content-length' ||
      name.includes('_') ||
      HOP_BY_HOP.has(name)
    )
      continue;
    yield [`HTTP_${name.toUpperCase().replaceAll('-', '_')}`, Array.isArray(value) ? value.join(', ') : value];
  }
  yield* Object.entries(route.env);
}

function sinkOf(exchange: Exchange): ResponseSink {
  const { response } = exchange;
  const isHead = exchange.method === 'HEAD';
  const toHeaders = (head: ResponseHead): Record<string, string | string[]> => {
    const headers: Record<string, string | string[]> = {};
    for (const [name, value] of head.headers) {
      if (HOP_BY_HOP.has(name) || !/^[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(name)) continue;
      const known = headers[name];
      headers[name] = known === undefined ? value : [...(Array.isArray(known) ? known : [known]), value];
    }
    return headers;
  };
  return {
    head(head, whole) {
      const headers = toHeaders(head);
      if (whole === null) {
        exchange.writeHead(head.status, headers);
        return;
      }
      const hasNoBody = head.status === 204 || head.status === 304;
      if (!hasNoBody && headers['content-length'] === undefined) headers['content-length'] = String(whole.length);
      exchange.send(head.status, headers, hasNoBody ? null : whole);
    },
    body: (chunk) => isHead || (response as ServerResponse).write(chunk),
    end: () => response.end(),
    onDrain: (callback) => response.once('drain', callback),
  };
}
