/** Link over HTTP (`POST /rpc`) and WebSocket (`/events`); runs in browsers and in Node. */
import type { AccessLevel } from '../contract/define.ts';
import type { ClientLink } from './link.ts';
import { openEventStream } from './event-channel.ts';
import { resultOf, unreachable } from './replies.ts';

/**
 * @param options.url `http://127.0.0.1:PORT`; @param options.token bearer token. Both are read anew for each request and each connection,
 * so an object with getters follows a daemon that comes back at another address.
 */
export function createHttpLink(options: {
  readonly url: string;
  readonly token: string;
  /** The level of its events, where that is less than the token's. */
  readonly allow?: AccessLevel;
}): ClientLink {
  const streams = new Set<{ close(): void }>();
  return {
    async call(method, params, allow) {
      let reply: unknown;
      try {
        const { url, token } = options;
        const response = await fetch(`${url}/rpc`, {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            authorization: `Bearer ${token}`,
            ...(allow === undefined ? {} : { 'kojibox-allow': allow }),
          },
          body: JSON.stringify({ method, params }),
        });
        reply = await response.json();
      } catch (error) {
        throw unreachable(error instanceof Error ? error.message : 'no connection', error);
      }
      return resultOf(reply);
    },

    subscribe(listener, onStatus) {
      const stream = openEventStream(
        (events) => {
          const { url, token } = options;
          const query = options.allow === undefined ? '' : `?allow=${options.allow}`;
          // Browsers cannot set headers on a WebSocket, so the token travels as a subprotocol (RFC 6455 section 1.9).
          const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/events${query}`, ['kojibox', `bearer.${token}`]);
          let reported = false;
          const closed = (): void => {
            if (reported) return;
            reported = true;
            events.closed();
          };
          socket.onopen = () => events.opened();
          socket.onmessage = (message: { data: unknown }) => {
            if (typeof message.data === 'string') events.message(message.data);
          };
          socket.onclose = closed;
          socket.onerror = () => socket.close();
          return { send: (text) => socket.send(text), close: () => socket.close() };
        },
        listener,
        onStatus,
      );
      streams.add(stream);
      return stream;
    },

    close() {
      for (const stream of streams) stream.close();
      streams.clear();
    },
  };
}
