/** A folder of files: the file, the index of a folder, or the fallback of a single-page app. */
import type { EdgeRoute } from '../contract/edge.ts';
import { fail, redirect, type Exchange } from './exchange.ts';
import { failAsForbidden, failAsMissing } from './nothing-here.ts';
import { decodePath, isSource, resolveFile } from './paths.ts';
import { serveFile } from './static.ts';

type StaticRoute = Extract<EdgeRoute, { type: 'static' }>;

export function serveStatic(exchange: Exchange, route: StaticRoute): void {
  const path = decodePath(exchange.path);
  if (path === null) {
    fail(exchange, 404);
    return;
  }
  const wanted = resolveFile(route, path);
  if (wanted.type === 'forbidden') {
    failAsForbidden(exchange, wanted.leadsTo);
    return;
  }
  if (wanted.type === 'file') {
    if (isSource(path)) fail(exchange, 404);
    else serveFile(exchange, wanted.file, wanted.stats);
    return;
  }
  if (wanted.type === 'folder') {
    const index = resolveFile(route, `${path.replace(/\/$/, '')}/index.html`);
    if (index.type === 'file') {
      if (path.endsWith('/')) serveFile(exchange, index.file, index.stats);
      else redirect(exchange, 301, withSlash(exchange));
      return;
    }
  }
  const fallback = route.fallback === null ? null : resolveFile(route, `/${route.fallback}`);
  if (fallback?.type === 'file') serveFile(exchange, fallback.file, fallback.stats);
  else failAsMissing(exchange, route.documentRoot, ['index.html']);
}

/** The same address as a folder. Two slashes in front would name another host (RFC 3986 section 4.2). */
export function withSlash(exchange: Exchange): string {
  const path = exchange.path.replace(/^\/{2,}/, '/');
  return `${path}/${exchange.query === '' ? '' : `?${exchange.query}`}`;
}
