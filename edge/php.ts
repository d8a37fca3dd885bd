/** A PHP site: static files, scripts, and a front controller for everything else. */
import type { EdgeRoute } from '../contract/edge.ts';
import { fail, redirect, type Exchange } from './exchange.ts';
import { encodeParams, type Script } from './fastcgi/params.ts';
import { DEFAULT_POOL, FastcgiPool } from './fastcgi/pool.ts';
import { FastcgiRequest } from './fastcgi/request.ts';
import { frontControllerFor, pathInMultisite } from './front-controller.ts';
import { log } from './log.ts';
import { failAsForbidden, failAsMissing } from './nothing-here.ts';
import { decodePath, isSource, resolveFile, type Resolved } from './paths.ts';
import { spoolBody } from './spool.ts';
import { serveFile } from './static.ts';
import { withSlash } from './static-site.ts';

type PhpRoute = Extract<EdgeRoute, { type: 'php' }>;

const INDEX = ['index.php', 'index.html', 'index.htm'];

const pools = new Map<string, FastcgiPool>();

/** Sites of one PHP version share its workers. */
function poolFor(route: PhpRoute): FastcgiPool {
  const most = route.maxConnections ?? DEFAULT_POOL.most;
  const id = `${most} ${route.socket}`;
  let pool = pools.get(id);
  if (pool === undefined) {
    pool = new FastcgiPool(route.socket, { ...DEFAULT_POOL, most, usual: Math.min(most, DEFAULT_POOL.usual) });
    pools.set(id, pool);
  }
  return pool;
}

/** For the end of the edge. */
export function closePhpPools(): void {
  for (const pool of pools.values()) pool.close();
}

export function servePhp(exchange: Exchange, route: PhpRoute): void {
  const path = decodePath(exchange.path);
  const target = path === null ? 'missing' : findTarget(route, path);
  if (target === 'redirect') redirect(exchange, 301, withSlash(exchange));
  else if (target === 'missing' || ('type' in target && (target.type === 'missing' || target.type === 'folder')))
    failAsMissing(exchange, route.documentRoot, ['index.php', 'index.html']);
  else if (!('type' in target)) runScript(exchange, route, target);
  else if (target.type === 'forbidden') failAsForbidden(exchange, target.leadsTo);
  else serveFile(exchange, target.file, target.stats);
}

type Target = Script | Resolved | 'redirect' | 'missing';

/** The order of a usual server: the file itself, a script with a path behind it, the index of a folder, the front controller. */
function findTarget(route: PhpRoute, path: string): Target {
  const target = findFile(route, path);
  if (target !== null) return target;
  const ofSite = pathInMultisite(route, path);
  const inSite = ofSite === null ? null : findFile(route, ofSite);
  if (inSite !== null) return inSite;
  if (route.frontController === null) return 'missing';
  const name = frontControllerFor(route, path, route.frontController);
  return name === null ? 'missing' : { file: route.documentRoot + name, name, pathInfo: '' };
}

/** Null: the path is no file, no script and no folder with an index. */
function findFile(route: PhpRoute, path: string): Target | null {
  const script = /^(.*?\.php)(\/.*)?$/i.exec(path);
  if (script !== null) {
    const name = script[1] ?? '';
    const resolved = resolveFile(route, name);
    if (resolved.type === 'file') return { file: resolved.file, name, pathInfo: script[2] ?? '' };
    return resolved.type === 'forbidden' ? resolved : null;
  }
  // Asked first, because most requests of a site end there.
  const index = path.endsWith('/') ? findIndex(route, path) : null;
  if (index !== null) return index;
  const resolved = resolveFile(route, path);
  if (resolved.type === 'forbidden') return resolved;
  if (resolved.type === 'file') return isSource(path) ? 'missing' : resolved;
  return resolved.type === 'folder' && !path.endsWith('/') && findIndex(route, `${path}/`) !== null ? 'redirect' : null;
}

/** @param folder with a slash at its end */
function findIndex(route: PhpRoute, folder: string): Target | null {
  for (const index of INDEX) {
    const name = folder + index;
    const found = resolveFile(route, name);
    if (found.type === 'file') return index.endsWith('.php') ? { file: found.file, name, pathInfo: '' } : found;
  }
  return null;
}

function runScript(exchange: Exchange, route: PhpRoute, script: Script): void {
  const pool = poolFor(route);
  const { body } = exchange;
  if (body === null || body.length !== null) {
    const params = encodeParams(exchange, route, script, body?.length ?? null);
    new FastcgiRequest(pool, exchange, route, params, body).run();
    return;
  }
  // CGI has no way to say where a body ends but its length (RFC 3875 section 4.1.2).
  const discard = spoolBody(body, (result) => {
    if (exchange.aborted) return;
    if (result === 'too-large') {
      fail(exchange, 413);
    } else if (result instanceof Error) {
      log('error', `cannot keep the body of a request: ${result.message}`);
      fail(exchange, 500);
    } else {
      const params = encodeParams(exchange, route, script, result.length);
      new FastcgiRequest(pool, exchange, route, params, result.length === 0 ? null : result).run();
    }
  });
  exchange.onAbort(discard);
}
