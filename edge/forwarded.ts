/** What an upstream gets to know of the client. */
import { connectionFields, HOP_BY_HOP, type Exchange, type Field } from './exchange.ts';

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

/** Programs that make variables of field names read `x_forwarded_for` as `x-forwarded-for`, so both are ours. */
const spelledOut = (name: string): string =>
  name.includes('_') || name.includes('.') ? name.replace(/[_.]/g, '-') : name;

/** Whether what the client says under this name must not reach a program: the edge says it, or the connection is over here. */
export const isForged = (name: string): boolean => {
  const spelled = spelledOut(name);
  return OURS.has(spelled) || (spelled !== name && (HOP_BY_HOP.has(spelled) || PLAIN_ONLY.has(spelled)));
};
/** Taken in one spelling only. */
const PLAIN_ONLY = new Set(['host', 'content-type', 'cookie', 'authorization', 'origin']);

/** The request's end-to-end fields and the forwarding ones (RFC 7239); framing is left to the caller. */
export function forwardedFields(exchange: Exchange): Field[] {
  const { peer, authority } = exchange;
  const scheme = peer.isSecure ? 'https' : 'http';
  const left = connectionFields(exchange.fields);
  const fields = exchange.fields.filter(([name]) => !left.has(name) && !isForged(name));
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
