/** Which pages are the app's own, and what may leave it. */

export const APP_SCHEME = 'app';
export const APP_HOST = 'kojibox';
export const APP_ORIGIN = `${APP_SCHEME}://${APP_HOST}`;

/** True only for the app's own page; a URL that cannot be read is someone else's. */
export function isOwnUrl(url: string): boolean {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  return (
    parsed !== null &&
    parsed.protocol === `${APP_SCHEME}:` &&
    parsed.host === APP_HOST &&
    parsed.username === '' &&
    parsed.password === ''
  );
}

/**
 * What the window may load at all: its own files, and what it holds itself. A second wall behind the page's own policy, which says
 * nothing about a few ways out of a page.
 */
export const mayLoad = (url: string): boolean =>
  isOwnUrl(url) || url.startsWith(`blob:${APP_ORIGIN}/`) || /^(data|about|devtools):/.test(url);

export interface Sender {
  readonly contentsId: number;
  /** Of the frame that sent it; null once it is gone. */
  readonly frameUrl: string | null;
  readonly isMainFrame: boolean;
}

/** A message counts when the one window's own top frame sent it. */
export const isTrustedSender = (sender: Sender, windowContentsId: number): boolean =>
  sender.contentsId === windowContentsId && sender.isMainFrame && sender.frameUrl !== null && isOwnUrl(sender.frameUrl);

/**
 * Whether a link of the page may open in the system's browser: a web address whose host is a site of this machine. The page's own
 * links lead nowhere else; a mail or a name that smuggles one in gets no browser.
 *
 * @param siteUrls links of the sites that there are now; their hosts count, ports may differ
 */
export function mayOpenOutside(url: string, siteUrls: readonly string[]): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname, username, password } = new URL(url);
  if ((protocol !== 'https:' && protocol !== 'http:') || username !== '' || password !== '') return false;
  return siteUrls.some((site) => URL.canParse(site) && new URL(site).hostname === hostname);
}
