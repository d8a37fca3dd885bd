/** The desktop app: one more client of the daemon, with a window and a tray. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { app, Menu, nativeImage, shell, Tray, type BrowserWindow, type MenuItemConstructorOptions } from 'electron';
import { createClient, createHttpLink } from '../../client/index.ts';
import { ensureDaemon, homeFolder } from './daemon-process.ts';
import { overallText, trayMenu, type MenuEntry, type TrayAction, type TrayState } from './tray-menu.ts';
import { openMainWindow } from './window.ts';

const dist = dirname(dirname(fileURLToPath(import.meta.url)));
/** 16 × 16 and 32 × 32 of the app's mark, drawn as it is in renderer/public/icon.svg. */
const ICON = join(dist, 'renderer', 'icon.png');

async function start(): Promise<void> {
  const daemon = await ensureDaemon(homeFolder(), join(dist, 'daemon', 'main.mjs'), process.execPath);
  const client = createClient(createHttpLink(daemon));
  let window: BrowserWindow | null = null;
  let state: TrayState = { connected: false, services: [], sites: [] };

  const showWindow = (): void => {
    if (window !== null) {
      window.show();
      return;
    }
    window = openMainWindow({ url: daemon.url, preload: join(dist, 'electron', 'preload.cjs'), client });
    window.on('closed', () => (window = null));
  };

  const act = (action: TrayAction): void => {
    if (action.type === 'open-window') showWindow();
    else if (action.type === 'open-site') void shell.openExternal(action.url);
    else if (action.type === 'quit') app.quit();
    // A failure shows in the service's state, in the menu and in the window.
    else if (action.type === 'call') client.call(action.method, action.params as never).catch(showWindow);
    else
      client
        .call('daemon.quit', {})
        .finally(() => app.quit())
        .catch(() => undefined);
  };
  const toTemplate = (entries: readonly MenuEntry[]): MenuItemConstructorOptions[] =>
    entries.map((entry) => {
      if (entry.type === 'separator') return { type: 'separator' };
      if (entry.type === 'submenu') return { label: entry.label, submenu: toTemplate(entry.entries) };
      return entry.type === 'label'
        ? { label: entry.label, enabled: false }
        : { label: entry.label, enabled: entry.enabled, click: () => act(entry.action) };
    });

  const tray = new Tray(nativeImage.createFromPath(ICON));
  const refresh = (): void => {
    tray.setToolTip(overallText(state));
    tray.setContextMenu(Menu.buildFromTemplate(toTemplate(trayMenu(state))));
  };
  client.events(
    (event) => {
      if (event.event === 'snapshot') state = { ...state, services: event.data.services, sites: event.data.sites };
      else if (event.event === 'service:stateChanged') {
        const changed = event.data;
        state = {
          ...state,
          services: state.services.map((service) => (service.id === changed.id ? changed : service)),
        };
      } else return;
      refresh();
    },
    (status) => {
      state = { ...state, connected: status === 'connected' };
      refresh();
    },
  );
  refresh();
  showWindow();
  app.on('second-instance', showWindow);
  app.on('activate', showWindow);
}

if (app.requestSingleInstanceLock()) {
  // Closing the window stops nothing: the tray stays.
  app.on('window-all-closed', () => undefined);
  app
    .whenReady()
    .then(start)
    .catch((error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
      app.exit(1);
    });
} else {
  app.quit();
}
