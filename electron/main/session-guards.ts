/** What a page may load and ask for: its own files, and the clipboard. */
import { protocol, session } from 'electron';
import { APP_SCHEME, isOwnUrl, mayLoad } from './app-origin.ts';
import { createAssets } from './assets.ts';

/** @param renderer dist/renderer, as plain files */
export function guardSession(renderer: string): void {
  serveAssets(renderer);
  denyPermissions();
  session.defaultSession.webRequest.onBeforeRequest(({ url }, answer) => answer({ cancel: !mayLoad(url) }));
}

function serveAssets(renderer: string): void {
  const serve = createAssets(renderer);
  protocol.handle(APP_SCHEME, async ({ url, method }) => {
    const { status, headers, body } = await serve({ url, method });
    return new Response(body, { status, headers });
  });
}

/** The page copies texts when asked to; it needs nothing else of the machine. */
function denyPermissions(): void {
  const isGranted = (permission: string, url: string): boolean =>
    permission === 'clipboard-sanitized-write' && isOwnUrl(url);
  session.defaultSession.setPermissionRequestHandler((_contents, permission, answer, { requestingUrl }) =>
    answer(isGranted(permission, requestingUrl)),
  );
  session.defaultSession.setPermissionCheckHandler((_contents, permission, origin) => isGranted(permission, origin));
  session.defaultSession.setDevicePermissionHandler(() => false);
}
