/** What an upstream gets to know of the client. */
import { connectionFields, type Exchange, type Field } from './exchange.ts';

/** Ours to say: the edge is the first proxy, so what a client claims of earlier ones is not passed on. */
const OURS = new Set([
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-real-ip',
  'forwarded',
  'content-length',
  'expect',
  // httpoxy: CGI programs behind the upstream would take it for their own proxy.
  'proxy',
]);

/** The request's end-to-end fields and the forwarding ones (RFC 7239); framing is left to the caller. */
export function forwardedFields(exchange: Exchange): Field[] {
  const { peer, authority } = exchange;
  const scheme = peer.isSecure ? 'https' : 'http';
  const left = connectionFields(exchange.fields);
  const fields = exchange.fields.filter(([name]) => !left.has(name) && !OURS.has(name));
  const remote = peer.remoteAddress.includes(':') ? `"[${peer.remoteAddress}]"` : peer.remoteAddress;
  fields.push(
    ['x-forwarded-for', peer.remoteAddress],
    ['x-forwarded-proto', scheme],
    ['x-forwarded-host', authority],
    ['x-forwarded-port', String(peer.localPort)],
    ['forwarded', `for=${remote};host="${authority}";proto=${scheme}`],
  );
  return fields;
}
