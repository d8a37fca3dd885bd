/** Which way the page talks to the daemon: a MessagePort from the desktop shell, else HTTP and WebSocket with the key of the link. */
import { createClient, createHttpLink, createMessagePortLink, type Client, type PortLike } from '../../client/index.ts';
import { isInShell } from '../stores/shell.ts';
import { TOKEN_KEY } from '../stores/upload.ts';

/** The key comes in the fragment, which browsers never send, and leaves the address bar at once. */
function takeToken(): string | null {
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (given !== null) {
    sessionStorage.setItem(TOKEN_KEY, given);
    history.replaceState(null, '', location.pathname);
  }
  return sessionStorage.getItem(TOKEN_KEY);
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
  const token = takeToken();
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
