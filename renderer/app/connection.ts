/** Which way the page talks to the daemon: a MessagePort from the desktop shell, else HTTP and WebSocket with a session. */
import {
  createClient,
  createMessagePortLink,
  createPageAuth,
  createPageLink,
  takeSession,
  type Client,
  type PortLike,
} from '../../client/index.ts';
import { KojiboxError } from '../../contract/errors.ts';
import { PageSessionSchema, type PageSession } from '../../contract/page-session.ts';
import { isInShell } from '../stores/shell.ts';
import { useUploadAuth } from '../stores/upload.ts';

/** Where the session is kept for this tab. */
const SESSION_KEY = 'kojibox-session';

/** A link brings a ticket in its fragment, which browsers never send. It leaves the address at once: the fragment is the router's. */
export function takeTicket(): string | null {
  const given = new URLSearchParams(location.hash.slice(1));
  const ticket = given.get('ticket') ?? given.get('token');
  if (ticket !== null) history.replaceState(null, '', location.pathname);
  return ticket;
}

/**
 * The session of this tab: the daemon changes the ticket into one. A ticket that is good no more (a page that was opened again) leaves the
 * session that the tab has.
 */
async function findSession(ticket: string | null): Promise<PageSession | null> {
  if (ticket !== null) {
    const taken = await takeSession(location.origin, ticket).catch(() => null);
    if (taken !== null) sessionStorage.setItem(SESSION_KEY, JSON.stringify(taken));
  }
  const stored = sessionStorage.getItem(SESSION_KEY);
  if (stored === null) return null;
  return PageSessionSchema.safeParse(JSON.parse(stored)).data ?? null;
}

/** Null when this page was opened without a key. */
export async function connect(ticket: string | null): Promise<Client | null> {
  if (isInShell()) {
    const port = await new Promise<MessagePort>((resolve) => {
      window.addEventListener('message', ({ data, ports, source }) => {
        if (source === window && data === 'kojibox-port' && ports[0] !== undefined) resolve(ports[0]);
      });
      window.postMessage('kojibox-ready', location.origin);
    });
    return createClient(createMessagePortLink(adapt(port)));
  }
  const session = await findSession(ticket);
  if (session === null) return null;
  const auth = createPageAuth(location.origin, session);
  // A session that is over shows as a page without a link; a daemon that is away is waited for.
  const isOver = await auth.key().then(
    () => false,
    (error: unknown) => error instanceof KojiboxError && error.code === 'UNAUTHORIZED',
  );
  if (isOver) return null;
  useUploadAuth(auth);
  return createClient(createPageLink(location.origin, auth));
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
