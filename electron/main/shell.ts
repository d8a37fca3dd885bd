/** Joins what the daemon says with Electron's tray, menus, window, notifications and badge. Every decision is made in the modules it joins. */
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { app, dialog, Menu, nativeImage, shell } from 'electron';
import { homeFolder } from '../../client/launch/home-folder.ts';
import type { AppConfig } from '../../contract/config.ts';
import type { WireEvent } from '../../contract/index.ts';
import { appMenu } from './app-menu.ts';
import { mayOpenOutside } from './app-origin.ts';
import { createBridge } from './bridge.ts';
import { createConsent } from './consent.ts';
import { connectTo, ensureDaemon, finishMoveOf, type AppDaemon } from './daemon-process.ts';
import { readCommandLine } from './deep-link.ts';
import { createFailureNotices } from './failure-notices.ts';
import { toTemplate, type ShellAction } from './menu-entries.ts';
import { keepOutsideOfMount, unpackedDist } from './program-folder.ts';
import { guardSession } from './session-guards.ts';
import {
  failedServices,
  foldEvent,
  INITIAL_STATE,
  newFailures,
  touchesStatus,
  withStatus,
  type ShellState,
} from './shell-state.ts';
import { applyStartAtLogin } from './start-at-login.ts';
import { textsIn, type Texts } from './texts.ts';
import { createTray } from './tray.ts';
import { overallText } from './tray-menu.ts';
import { createUpdates } from './update-watch.ts';
import { openMainWindow, type MainWindow, type PageRequest } from './window.ts';

const dist = dirname(dirname(fileURLToPath(import.meta.url)));
const platform = process.platform;

/** As electron-builder.yml has it: Windows shows notifications only of an app that it knows by this name. */
const APP_ID = 'dev.kojibox.app';

export interface Shell {
  /** What the system handed over: at start, or from a second start while this one runs. */
  handOver(argv: readonly string[], folder: string): void;
  showWindow(): void;
}

export async function startShell(): Promise<Shell> {
  const home = homeFolder();
  // Before anything is written into the home: it may be between two places.
  await finishMoveOf(home, process.execPath, join(unpackedDist(dist), 'mover', 'main.mjs'));
  const start = daemonStart(home);
  const client = connectTo(home, await ensureDaemon(start), 'operate');
  let state: ShellState = INITIAL_STATE;
  let settings: Pick<AppConfig, 'notifyFailures'> = { notifyFailures: true };
  let texts: Texts = textsIn(app.getLocale());
  let main: MainWindow | null = null;
  /** Addresses that the daemon gave out for opening, besides the sites. */
  const givenUrls = new Set<string>();
  const siteUrls = (): string[] => [...state.sites.map(({ url }) => url), ...givenUrls];

  const ensureWindow = (): MainWindow => {
    if (main !== null) return main;
    const consent = createConsent({
      role: 'operate',
      mayElevate: true,
      now: () => performance.now(),
      ask: async ({ name, summary, detail, isDestructive }) => {
        const { response } = await dialog.showMessageBox(opened.window, {
          type: 'warning',
          title: texts.ask.title,
          message: texts.ask.message(texts.operations[name] ?? summary),
          detail: `${isDestructive ? texts.ask.destructive : texts.ask.admin}\n\n${detail}`,
          buttons: [texts.ask.refuse, texts.ask.allow],
          defaultId: 0,
          cancelId: 0,
          noLink: true,
        });
        return response === 1;
      },
    });
    const opened = openMainWindow({
      preload: join(dist, 'electron', 'preload.cjs'),
      stateFile: join(app.getPath('userData'), 'window.json'),
      siteUrls,
      createBridge: (port) =>
        createBridge({
          client,
          port,
          consent,
          now: () => performance.now(),
          onResult: (method, result) => {
            if (method === 'databases.openAdminer') givenUrls.add((result as { url: string }).url);
          },
        }),
    });
    opened.window.on('closed', () => (main = null));
    main = opened;
    refresh();
    return opened;
  };
  const showWindow = (): void => {
    const { window } = ensureWindow();
    if (window.isMinimized()) window.restore();
    window.show();
    window.focus();
  };
  const request = (wish: PageRequest): void => ensureWindow().request(wish);

  const act = (action: ShellAction): void => {
    switch (action.type) {
      case 'open-window':
        return showWindow();
      case 'open-page':
        return request({ type: 'page', path: action.path });
      case 'open-site':
        if (mayOpenOutside(action.url, siteUrls())) void shell.openExternal(action.url);
        return;
      case 'start-daemon':
        ensureDaemon(start).catch(showWindow);
        return;
      case 'call':
        // A failure shows in the service's state, in the menu and in the window.
        client.call(action.method, action.params as never).catch(showWindow);
        return;
      case 'quit':
        return app.quit();
      case 'quit-and-stop':
        client
          .call('daemon.quit', {})
          .then(() => app.quit())
          // Not answered: the window says what is wrong, and what runs is not left behind unseen.
          .catch(showWindow);
    }
  };

  const tray = createTray(join(dist, 'electron', 'tray'), act, showWindow);
  const refresh = (): void => {
    tray.show(state, texts);
    const failed = failedServices(state).length;
    app.setBadgeCount(failed);
    main?.window.setOverlayIcon?.(
      failed === 0 ? null : nativeImage.createFromPath(join(dist, 'electron', 'tray', 'overlay.png')),
      overallText(state, texts),
    );
  };
  const notices = createFailureNotices((service) => act({ type: 'open-page', path: `/logs?service=${service}` }));

  const applySettings = async (): Promise<void> => {
    const config = await client.call('config.getApp', {});
    settings = config;
    texts = textsIn(config.language ?? app.getLocale());
    Menu.setApplicationMenu(Menu.buildFromTemplate(toTemplate(appMenu(platform, texts), act)));
    applyStartAtLogin(config.startAtLogin);
    refresh();
  };
  let stateChanges = 0;
  const refreshStatus = async (): Promise<void> => {
    const before = stateChanges;
    const status = await client.call('stack.status', {});
    // What an event told in the meantime may be newer than the answer.
    if (before !== stateChanges) return refreshStatus();
    state = withStatus(state, status);
    refresh();
  };
  const updates = createUpdates(client, () => texts);
  let isFirst = true;
  const receive = (event: WireEvent): void => {
    const before = state;
    if (event.event === 'service:stateChanged') stateChanges++;
    state = foldEvent(state, event);
    if (state !== before) {
      // What had failed before the app was started is in the tray; only what fails from now on is news.
      if (!isFirst && settings.notifyFailures)
        for (const failed of newFailures(before.services, state.services)) notices.show(failed, texts);
      refresh();
    }
    if (event.event === 'snapshot') isFirst = false;
    // When the daemon went away in the meantime, its next snapshot has it all.
    if (touchesStatus(event)) refreshStatus().catch(() => undefined);
    if (event.event === 'snapshot' || (event.event === 'config:changed' && event.data.scope === 'app'))
      applySettings().catch(() => undefined);
    if (event.event === 'update:handover') updates?.offered(event.data);
    if (event.event === 'update:available' && updates !== null)
      client
        .call('updater.handover', {})
        .then((handover) => handover === null || updates.offered(handover))
        .catch(() => undefined); // The next check asks again.
  };

  if (platform === 'win32') app.setAppUserModelId(APP_ID);
  guardSession(join(unpackedDist(dist), 'renderer'));
  Menu.setApplicationMenu(Menu.buildFromTemplate(toTemplate(appMenu(platform, texts), act)));
  refresh();
  client.events(receive, (status) => {
    state = { ...state, connected: status === 'connected' };
    refresh();
  });

  return {
    showWindow,
    handOver(argv, folder) {
      const { links, packs } = readCommandLine(argv);
      for (const link of links) {
        if (link.type === 'open') showWindow();
        else request({ type: 'link', link });
      }
      for (const pack of packs)
        act({ type: 'open-page', path: `/runtimes?pack=${encodeURIComponent(resolve(folder, pack))}` });
    },
  };
}

/** Packaged, the daemon runs from plain files that stay; out of a checkout, from its dist/. */
function daemonStart(home: string): AppDaemon {
  const version = app.isPackaged ? app.getVersion() : null;
  const own = { binary: process.execPath, dist: unpackedDist(dist) };
  const { binary, dist: programs } =
    version !== null && process.env['APPIMAGE'] !== undefined
      ? keepOutsideOfMount(own, dirname(process.execPath), home, version)
      : own;
  return { home, program: join(programs, 'daemon', 'main.mjs'), binary, version };
}
