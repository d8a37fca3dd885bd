/** Which way the page talks to the daemon: a MessagePort from the desktop shell, else HTTP and WebSocket with the key of the link. */
import { createClient, createHttpLink, createMessagePortLink, type Client, type PortLike } from '../../client/index.ts';
import { isInShell } from '../stores/shell.ts';
import { TOKEN_KEY } from '../stores/upload.ts';

/**
 * The key of this tab. A link brings a ticket in its fragment, which browsers never send, and the daemon changes it into a key; both leave
 * the address at once. A ticket that is good no more (a page that was opened again) leaves the key that the tab has.
 */
async function takeToken(): Promise<string | null> {
  const given = new URLSearchParams(location.hash.slice(1));
  const ticket = given.get('ticket');
  const token = ticket === null ? given.get('token') : await exchange(ticket);
  if (ticket !== null || token !== null) history.replaceState(null, '', location.pathname);
  if (token !== null) sessionStorage.setItem(TOKEN_KEY, token);
  return sessionStorage.getItem(TOKEN_KEY);
}

/** Null when the daemon does not take it. */
async function exchange(ticket: string): Promise<string | null> {
  const answer = await fetch('/ticket', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ticket }),
  }).catch(() => null);
  if (answer?.ok !== true) return null;
  const { result } = (await answer.json()) as { result?: { token?: unknown } };
  return typeof result?.token === 'string' ? result.token : null;
}

/** Null when this page was opened without a key. */
export async function connect(): Promise<Client | null> {
  if (isInShell()) {
    const port = await new Promise<MessagePort>((resolve) => {
      window.addEventListener('message', ({ data, ports, source }) => {
        if (source === window && data === 'kojibox-port' && ports[0] !== undefined) resolve(ports[0]);
      });
      window.postMessage('kojibox-ready', location.origin);
    });
    return createClient(createMessagePortLink(adapt(port)));
  }
  const token = await takeToken();
  return token === null ? null : createClient(createHttpLink({ url: location.origin, token }));
}

/** The link knows what all kinds of ports have in common. */
function adapt(port: MessagePort): PortLike {
  const like: PortLike = {
    onmessage: null,
    postMessage: (message) => port.postMessage(message),
    start: () => port.start(),
    close: () => port.close(),
  };
  port.onmessage = (event: MessageEvent<unknown>) => like.onmessage?.({ data: event.data });
  return like;
}
