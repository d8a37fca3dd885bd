/** The one window: sandboxed, isolated, without Node, and locked to the app's own page. */
import { BrowserWindow, MessageChannelMain, ipcMain, screen, shell, type IpcMainEvent } from 'electron';
import type { Bridge, BridgePort } from './bridge.ts';
import { APP_ORIGIN, isOwnUrl, isTrustedSender, mayOpenOutside } from './app-origin.ts';
import type { DeepLink } from './deep-link.ts';
import type { PagePath } from './menu-entries.ts';
import { createRateLimit } from './rate-limit.ts';
import { fitToDisplays, loadWindowState, MIN_SIZE, saveWindowState } from './window-state.ts';

/** What the shell asks of the page. */
export type PageRequest =
  { readonly type: 'page'; readonly path: PagePath } | { readonly type: 'link'; readonly link: DeepLink };

export interface MainWindow {
  readonly window: BrowserWindow;
  /** Shows the window and passes the request on as soon as the page listens. */
  request(request: PageRequest): void;
}

const SAVE_AFTER_MS = 500;
/** Of a page: so many at once, then one a minute. */
const RELOADS = { burst: 3, perSecond: 1 / 60 } as const;
/** Of ports for a page. Each brings a bridge with a limit of its own, so a page that asked for one after another would have none. */
const PORTS = { burst: 10, perSecond: 0.2 } as const;

export function openMainWindow(options: {
  readonly preload: string;
  readonly stateFile: string;
  createBridge(port: BridgePort): Bridge;
  /** Links that may open in the system's browser now. */
  siteUrls(): readonly string[];
}): MainWindow {
  const { preload, stateFile } = options;
  const { position, width, height, maximized } = fitToDisplays(
    loadWindowState(stateFile),
    screen.getAllDisplays().map(({ workArea }) => workArea),
  );
  const window = new BrowserWindow({
    ...position,
    width,
    height,
    minWidth: MIN_SIZE.width,
    minHeight: MIN_SIZE.height,
    title: 'Kojibox',
    autoHideMenuBar: true,
    show: false,
    webPreferences: {
      preload,
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInSubFrames: false,
      webviewTag: false,
      webSecurity: true,
      spellcheck: false,
    },
  });
  const { webContents } = window;
  window.once('ready-to-show', () => {
    if (maximized) window.maximize();
    window.show();
  });
  keepState(window, stateFile);

  webContents.on('will-frame-navigate', (event) => {
    // Mails are shown in a frame whose text is given by the page itself.
    if (!isOwnUrl(event.url) && event.url !== 'about:srcdoc') event.preventDefault();
  });
  webContents.on('will-redirect', (event) => {
    if (!isOwnUrl(event.url)) event.preventDefault();
  });
  // WebRTC would go around the policy of the page.
  webContents.setWebRTCIPHandlingPolicy('disable_non_proxied_udp');
  const now = (): number => performance.now();
  const reloads = createRateLimit({ ...RELOADS, now });
  webContents.on('render-process-gone', (_event, { reason }) => {
    if (reason !== 'clean-exit' && reloads.take()) webContents.reload();
  });
  webContents.on('will-attach-webview', (event) => event.preventDefault());
  webContents.setWindowOpenHandler(({ url }) => {
    if (mayOpenOutside(url, options.siteUrls())) void shell.openExternal(url);
    return { action: 'deny' };
  });

  const ports = createRateLimit({ ...PORTS, now });
  let bridge: Bridge | null = null;
  let isListening = false;
  const waiting: PageRequest[] = [];
  const connect = (event: IpcMainEvent): void => {
    const frame = event.senderFrame;
    const sender = {
      contentsId: event.sender.id,
      frameUrl: frame?.url ?? null,
      isMainFrame: frame !== null && frame === webContents.mainFrame,
    };
    if (!isTrustedSender(sender, webContents.id) || !ports.take()) return;
    bridge?.close();
    const { port1, port2 } = new MessageChannelMain();
    const mine = options.createBridge(port1);
    bridge = mine;
    port1.on('message', ({ data }) => mine.receive(data));
    port1.on('close', () => mine.close());
    port1.start();
    webContents.postMessage('kojibox-port', null, [port2]);
    isListening = true;
    for (const request of waiting.splice(0)) webContents.send('kojibox-request', request);
  };
  ipcMain.on('kojibox-ready', connect);
  webContents.on('did-start-loading', () => (isListening = false));
  window.on('closed', () => {
    ipcMain.off('kojibox-ready', connect);
    bridge?.close();
  });
  void window.loadURL(`${APP_ORIGIN}/`);

  return {
    window,
    request(request) {
      if (window.isMinimized()) window.restore();
      window.show();
      window.focus();
      if (isListening) webContents.send('kojibox-request', request);
      else waiting.push(request);
    },
  };
}

function keepState(window: BrowserWindow, file: string): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const save = (): void => {
    clearTimeout(timer);
    const { x, y, width, height } = window.getNormalBounds();
    saveWindowState(file, { position: { x, y }, width, height, maximized: window.isMaximized() });
  };
  const later = (): void => {
    clearTimeout(timer);
    timer = setTimeout(save, SAVE_AFTER_MS);
  };
  window.on('resize', later);
  window.on('move', later);
  window.on('close', save);
}
