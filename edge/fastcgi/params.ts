/** The variables of CGI (RFC 3875 section 4.1) as nginx sends them to PHP, and the project's own environment. */
import type { EdgeRoute } from '../../contract/edge.ts';
import { HOP_BY_HOP, type Exchange } from '../exchange.ts';
import { isForged } from '../forwarded.ts';
import { pair, toBytes } from './protocol.ts';

export interface Script {
  /** Absolute path. */
  readonly file: string;
  /** Below the document root, starting with a slash. */
  readonly name: string;
  /** What follows the script in the path, with its slash. */
  readonly pathInfo: string;
}

type PhpRoute = Extract<EdgeRoute, { type: 'php' }>;

const SECURE = pair('REQUEST_SCHEME', 'https') + pair('HTTPS', 'on');
/** Without HTTPS, as nginx leaves it out: PHP programs ask whether it is empty. */
const PLAIN = pair('REQUEST_SCHEME', 'http');

/** What is the same for all requests of a route. */
const fixedParams = new WeakMap<PhpRoute, string>();

function fixedParamsOf(route: PhpRoute): string {
  let params = fixedParams.get(route);
  if (params === undefined) {
    params = [
      pair('GATEWAY_INTERFACE', 'CGI/1.1'),
      // WordPress and others offer rewritten addresses only where they know the server; all that nginx does for them is done here.
      pair('SERVER_SOFTWARE', 'nginx/1.28.0 (Kojibox)'),
      // PHP built with force-cgi-redirect refuses to run without it.
      pair('REDIRECT_STATUS', '200'),
      pair('DOCUMENT_ROOT', toBytes(route.documentRoot)),
      ...phpValues(route),
      ...Object.entries(route.env)
        .filter(([name]) => name !== 'PHP_VALUE' || route.sessions === undefined)
        .map(([name, value]) => pair(toBytes(name), toBytes(value))),
    ].join('');
    fixedParams.set(route, params);
  }
  return params;
}

/**
 * Settings for this request, which the program may still change (https://www.php.net/manual/en/install.fpm.configuration.php). Each site keeps
 * its sessions in a folder of its own: else a session of one would be valid on all.
 */
const phpValues = ({ sessions, env }: PhpRoute): string[] =>
  sessions === undefined
    ? []
    : [pair('PHP_VALUE', toBytes([`session.save_path=${sessions}`, env['PHP_VALUE'] ?? ''].join('\n').trim()))];

/** `HTTP_X_Y` for `x-y`; null for what must not be passed on. The same few names come again and again. */
const variables = new Map<string, string | null>();
const MAX_VARIABLES = 512;

function variableOf(name: string): string | null {
  let variable = variables.get(name);
  if (variable === undefined) {
    // "Proxy" would set the proxy of many HTTP clients (httpoxy, CVE-2016-5385); "a_b" would pass for "a-b"; and no proxy is before the edge
    // whose forwarding fields a program may trust.
    const isLeftOut = name === 'content-type' || isForged(name) || !/^[a-z0-9-]+$/.test(name) || HOP_BY_HOP.has(name);
    variable = isLeftOut ? null : `HTTP_${name.toUpperCase().replaceAll('-', '_')}`;
    if (variables.size < MAX_VARIABLES) variables.set(name, variable);
  }
  return variable;
}

/** @param length bytes of the body; null when there is none */
export function encodeParams(exchange: Exchange, route: PhpRoute, script: Script, length: number | null): string {
  const { peer } = exchange;
  const name = toBytes(script.name);
  const pathInfo = toBytes(script.pathInfo);
  let params =
    fixedParamsOf(route) +
    (peer.isSecure ? SECURE : PLAIN) +
    pair('SERVER_PROTOCOL', exchange.protocol) +
    pair('REQUEST_METHOD', exchange.method) +
    pair('REQUEST_URI', exchange.target) +
    pair('QUERY_STRING', exchange.query) +
    pair('SCRIPT_NAME', name) +
    pair('SCRIPT_FILENAME', toBytes(script.file)) +
    pair('DOCUMENT_URI', name + pathInfo) +
    pair('SERVER_NAME', exchange.host) +
    pair('SERVER_PORT', String(peer.localPort)) +
    pair('SERVER_ADDR', peer.localAddress) +
    pair('REMOTE_ADDR', peer.remoteAddress) +
    pair('REMOTE_PORT', String(peer.remotePort)) +
    pair('CONTENT_TYPE', exchange.field('content-type') ?? '') +
    pair('CONTENT_LENGTH', length === null ? '' : String(length));
  if (pathInfo !== '')
    params += pair('PATH_INFO', pathInfo) + pair('PATH_TRANSLATED', toBytes(route.documentRoot) + pathInfo);
  const seen = new Map<string, string>();
  for (const [field, value] of exchange.fields) {
    const variable = variableOf(field);
    if (variable === null) continue;
    const earlier = seen.get(variable);
    // Several cookies are joined as RFC 6265 section 5.4 does, all else by commas (RFC 9110 section 5.3).
    seen.set(variable, earlier === undefined ? value : `${earlier}${field === 'cookie' ? '; ' : ', '}${value}`);
  }
  for (const [variable, value] of seen) params += pair(variable, value);
  return params;
}
