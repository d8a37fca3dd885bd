/** One line per request in the access log of its project: what was asked, what was answered, how much, and how long it took. */
import type { EdgeSite } from '../contract/edge.ts';
import type { Exchange, Outcome } from './exchange.ts';
import { logForProject } from './project-log.ts';

/** Of a target; more of it tells nothing. */
const MAX_TARGET = 2000;

/** Values of a query may be passwords, tokens and mail addresses: their names alone are kept. */
export function withoutValues(query: string): string {
  if (query === '') return '';
  const names = query.split('&').map((pair) => {
    const at = pair.indexOf('=');
    return at === -1 ? '…' : `${pair.slice(0, at)}=…`;
  });
  return `?${names.join('&')}`;
}

/** @returns a callback for the end of the exchange, which calls `after` too */
export function withAccessLog(exchange: Exchange, site: EdgeSite, after: () => void): (outcome: Outcome) => void {
  const { project } = site;
  if (project === undefined) return after;
  const began = performance.now();
  return (outcome) => {
    after();
    const { method, authority } = exchange;
    const target = `${exchange.path}${withoutValues(exchange.query)}`;
    const path = target.length > MAX_TARGET ? `${target.slice(0, MAX_TARGET)}…` : target;
    const status = outcome.status ?? 'no answer';
    const left = outcome.isBroken ? ', broken off' : '';
    const took = Math.round(performance.now() - began);
    const level = (outcome.status ?? 0) >= 500 ? 'warn' : 'info';
    const text = `${method} https://${authority}${path} ${status} ${outcome.bytes} B ${took} ms${left}`;
    logForProject('access', project, level, text);
  };
}
