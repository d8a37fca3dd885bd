/**
 * Development servers that answer only pages of `localhost`. `next dev` refuses its own resources, the socket of hot updates among them, to
 * any other origin, and without that socket its pages do nothing (https://nextjs.org/docs/app/api-reference/config/next-config-js/allowedDevOrigins).
 * No variable of the environment allows another one, so for these paths the site's own origin is sent as the one that the server knows.
 * Every other origin is passed on as it is, so requests of foreign pages are refused as before. Actions and forms of the application are not
 * among these paths: they compare the origin with the host.
 */
import type { Exchange, Field } from './exchange.ts';

const OWN_RESOURCES = /\/(?:_next\/|__nextjs)/;

/** @param port of the development server */
export function withLocalOrigin(exchange: Exchange, field: Field, port: number): Field {
  return OWN_RESOURCES.test(exchange.path) ? withOriginOf(exchange, field, port) : field;
}

/** For a server that is asked as localhost: host and origin agree. */
export function toLocalhost(exchange: Exchange, field: Field, port: number): Field {
  return field[0] === 'host' ? ['host', `localhost:${port}`] : withOriginOf(exchange, field, port);
}

function withOriginOf(exchange: Exchange, field: Field, port: number): Field {
  if (field[0] !== 'origin') return field;
  const scheme = exchange.peer.isSecure ? 'https' : 'http';
  const isOwn = field[1].toLowerCase() === `${scheme}://${exchange.authority.toLowerCase()}`;
  return isOwn ? ['origin', `http://localhost:${port}`] : field;
}
