/** The one window: sandboxed, isolated, without Node, and locked to the daemon's own page. */
import { BrowserWindow, MessageChannelMain, ipcMain, session, shell } from 'electron';
import type { Client } from '../../client/index.ts';
import { createBridge, type Bridge } from './bridge.ts';

/** @param url the daemon's page on loopback: it is served with its own strict content security policy, so no second copy of the page and no custom protocol is needed */
export function openMainWindow(options: {
  readonly url: string;
  readonly preload: string;
  readonly client: Client;
}): BrowserWindow {
  const { url, preload, client } = options;
  const window = new BrowserWindow({
    width: 1180,
    height: 780,
    minWidth: 420,
    minHeight: 480,
    title: 'Kojibox',
    autoHideMenuBar: true,
    show: false,
    webPreferences: {
      preload,
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webSecurity: true,
      spellcheck: false,
    },
  });
  window.once('ready-to-show', () => window.show());

  const { origin } = new URL(url);
  window.webContents.on('will-navigate', (event, target) => {
    if (new URL(target).origin !== origin) event.preventDefault();
  });
  window.webContents.setWindowOpenHandler(({ url: target }) => {
    // Sites open in the user's browser; nothing but https leaves the app.
    if (target.startsWith('https://')) void shell.openExternal(target);
    return { action: 'deny' };
  });
  session.defaultSession.setPermissionRequestHandler((_contents, permission, answer) =>
    answer(permission === 'clipboard-sanitized-write'),
  );

  let bridge: Bridge | null = null;
  const connect = (event: Electron.IpcMainEvent): void => {
    if (event.sender !== window.webContents || event.senderFrame?.origin !== origin) return;
    bridge?.close();
    const { port1, port2 } = new MessageChannelMain();
    const mine = createBridge(client, port1);
    bridge = mine;
    port1.on('message', ({ data }) => mine.receive(data));
    port1.start();
    window.webContents.postMessage('kojibox-port', null, [port2]);
  };
  ipcMain.on('kojibox-ready', connect);
  window.on('closed', () => {
    ipcMain.off('kojibox-ready', connect);
    bridge?.close();
  });
  void window.loadURL(url);
  return window;
}
