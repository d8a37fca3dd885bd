/** Link over HTTP (`POST /rpc`) and WebSocket (`/events`); runs in browsers and in Node. */
import type { AccessLevel } from '../contract/define.ts';
import type { ClientLink } from './link.ts';
import { openEventStream } from './event-channel.ts';
import type { PageAuth } from './page-session.ts';
import { resultOf, unreachable } from './replies.ts';

export interface HttpLinkOptions {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** Bearer token of `app/daemon.json`. */
  readonly token: string;
  /** The level of its events, where that is less than the token's. */
  readonly allow?: AccessLevel;
}

/** For programs of this user. Address and token are read for each request and each connection: an object with getters follows a daemon. */
export function createHttpLink(options: HttpLinkOptions): ClientLink {
  const auth: PageAuth = { key: () => Promise.resolve(options.token), forget: () => undefined };
  return linkOver(() => options.url, auth, options.allow);
}

/** For pages: the daemon proves itself before it gets a key. */
export const createPageLink = (url: string, auth: PageAuth): ClientLink => linkOver(() => url, auth, undefined);

function linkOver(urlOf: () => string, auth: PageAuth, eventsAllow: AccessLevel | undefined): ClientLink {
  const streams = new Set<{ close(): void }>();

  const post = async (method: string, params: unknown, allow: AccessLevel | undefined): Promise<Response> => {
    const url = urlOf();
    const key = await auth.key();
    return fetch(`${url}/rpc`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${key}`,
        ...(allow === undefined ? {} : { 'kojibox-allow': allow }),
      },
      body: JSON.stringify({ method, params }),
    });
  };

  return {
    async call(method, params, allow) {
      let reply: unknown;
      try {
        let response = await post(method, params, allow);
        if (response.status === 401) {
          // The daemon was started again since: its keys are other ones.
          auth.forget();
          response = await post(method, params, allow);
        }
        reply = await response.json();
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'UNAUTHORIZED') throw error;
        throw unreachable(error instanceof Error ? error.message : 'no connection', error);
      }
      return resultOf(reply);
    },

    subscribe(listener, onStatus) {
      const stream = openEventStream(
        (events) => {
          let socket: WebSocket | null = null;
          let reported = false;
          const closed = (): void => {
            if (reported) return;
            reported = true;
            auth.forget();
            events.closed();
          };
          const open = (key: string): void => {
            if (reported) return;
            const query = eventsAllow === undefined ? '' : `?allow=${eventsAllow}`;
            // Browsers cannot set headers on a WebSocket, so the key travels as a subprotocol (RFC 6455 section 1.9).
            socket = new WebSocket(`${urlOf().replace(/^http/, 'ws')}/events${query}`, ['kojibox', `bearer.${key}`]);
            socket.onopen = () => events.opened();
            socket.onmessage = (message: { data: unknown }) => {
              if (typeof message.data === 'string') events.message(message.data);
            };
            socket.onclose = closed;
            socket.onerror = () => socket?.close();
          };
          auth.key().then(open, closed);
          return {
            send: (text) => socket?.send(text),
            close: () => {
              if (socket === null) reported = true;
              else socket.close();
            },
          };
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
