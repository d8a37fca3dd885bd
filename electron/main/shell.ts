/** Joins what the daemon says with Electron's tray, menus, window, notifications and badge. Every decision is made in the modules it joins. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { app, dialog, Menu, nativeImage, Notification, protocol, session, shell, Tray } from 'electron';
import type { AppUpdater } from 'electron-updater';
import type { Client } from '../../client/index.ts';
import { homeFolder } from '../../client/launch/home-folder.ts';
import type { AppConfig } from '../../contract/config.ts';
import type { WireEvent } from '../../contract/index.ts';
import type { ServiceState } from '../../contract/services.ts';
import { appMenu } from './app-menu.ts';
import { APP_SCHEME, isOwnUrl, mayLoad, mayOpenOutside } from './app-origin.ts';
import { installFetched, refuseReplacing } from './app-install.ts';
import { watchUpdates } from './app-updater.ts';
import { createAssets } from './assets.ts';
import { applyAutostart, autostartFile } from './autostart.ts';
import { createBridge } from './bridge.ts';
import { createConsent } from './consent.ts';
import { connectTo, ensureDaemon, finishMoveOf, type AppDaemon } from './daemon-process.ts';
import { readCommandLine } from './deep-link.ts';
import { toTemplate, type ShellAction } from './menu-entries.ts';
import { keepOutsideOfMount, unpackedDist } from './program-folder.ts';
import {
  failedServices,
  foldEvent,
  INITIAL_STATE,
  newFailures,
  overallState,
  touchesSites,
  type ShellState,
} from './shell-state.ts';
import { reasonText, textsIn, type Texts } from './texts.ts';
import { overallText, trayMenu } from './tray-menu.ts';
import { openMainWindow, type MainWindow, type PageRequest } from './window.ts';

const dist = dirname(dirname(fileURLToPath(import.meta.url)));
const platform = process.platform;

/** As electron-builder.yml has it: Windows shows notifications only of an app that it knows by this name. */
const APP_ID = 'dev.kojibox.app';
const KEPT_NOTICES = 20;

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
  const client = connectTo(home, await ensureDaemon(start));
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

  const tray = new Tray(trayImage('offline'));
  let shown = '';
  const refresh = (): void => {
    const overall = overallState(state);
    const entries = trayMenu(state, texts);
    // A menu that is open is closed when another takes its place: only one that differs does.
    const now = JSON.stringify([overall, entries]);
    if (now !== shown) {
      shown = now;
      tray.setImage(trayImage(overall));
      tray.setToolTip(`Kojibox: ${overallText(state, texts)}`);
      tray.setContextMenu(Menu.buildFromTemplate(toTemplate(entries, act)));
    }
    const failed = failedServices(state).length;
    app.setBadgeCount(failed);
    main?.window.setOverlayIcon?.(
      failed === 0 ? null : nativeImage.createFromPath(join(dist, 'electron', 'tray', 'overlay.png')),
      overallText(state, texts),
    );
  };
  /** Kept, because a notification that was collected as garbage is deaf to its click. */
  const notices: Notification[] = [];
  const notify = ({ id, name, error, lastError }: ServiceState): void => {
    if (!settings.notifyFailures || !Notification.isSupported()) return;
    const notice = new Notification({
      title: texts.failed(name),
      body: `${error === null ? (lastError ?? '') : reasonText(error, texts)}\n${texts.failedText}`.trim(),
    });
    notice.on('click', () => act({ type: 'open-page', path: `/logs?service=${id}` }));
    notices.push(notice);
    notices.splice(0, notices.length - KEPT_NOTICES);
    notice.show();
  };

  const applySettings = async (): Promise<void> => {
    const config = await client.call('config.getApp', {});
    settings = config;
    texts = textsIn(config.language ?? app.getLocale());
    Menu.setApplicationMenu(Menu.buildFromTemplate(toTemplate(appMenu(platform, texts), act)));
    applyStartAtLogin(config.startAtLogin);
    refresh();
  };
  const refreshSites = async (): Promise<void> => {
    state = { ...state, sites: (await client.call('stack.status', {})).sites };
    refresh();
  };
  const updates = createUpdates(client, () => texts);
  let isFirst = true;
  const receive = (event: WireEvent): void => {
    const before = state;
    state = foldEvent(state, event);
    if (state !== before) {
      // What had failed before the app was started is in the tray; only what fails from now on is news.
      if (!isFirst) newFailures(before.services, state.services).forEach(notify);
      refresh();
    }
    if (event.event === 'snapshot') isFirst = false;
    // When the daemon went away meanwhile, its next snapshot has it all.
    if (touchesSites(event)) refreshSites().catch(() => undefined);
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
  serveAssets();
  denyPermissions();
  session.defaultSession.webRequest.onBeforeRequest(({ url }, answer) => answer({ cancel: !mayLoad(url) }));
  Menu.setApplicationMenu(Menu.buildFromTemplate(toTemplate(appMenu(platform, texts), act)));
  // On macOS a click opens the menu, and would open the window as well.
  if (platform !== 'darwin') tray.on('click', showWindow);
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

function trayImage(state: string): Electron.NativeImage {
  const image = nativeImage.createFromPath(
    join(dist, 'electron', 'tray', `${state}${platform === 'darwin' ? 'Template' : ''}.png`),
  );
  if (platform === 'darwin') image.setTemplateImage(true);
  return image;
}

function serveAssets(): void {
  const serve = createAssets(join(unpackedDist(dist), 'renderer'));
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

function applyStartAtLogin(wanted: boolean): void {
  // Out of a checkout there is no program that a session could start.
  if (!app.isPackaged) return;
  if (platform === 'linux')
    applyAutostart(autostartFile(process.env, homedir()), process.env['APPIMAGE'] ?? process.execPath, wanted);
  else if (app.getLoginItemSettings({ args: ['--hidden'] }).openAtLogin !== wanted)
    app.setLoginItemSettings({ openAtLogin: wanted, args: ['--hidden'] });
}

function createUpdates(client: Client, texts: () => Texts): ReturnType<typeof watchUpdates> | null {
  if (!app.isPackaged) return null;
  let appImages: AppUpdater | null = null;
  const updates = watchUpdates({
    load: async () => {
      const { AppImageUpdater, autoUpdater } = (await import('electron-updater')).default;
      // It goes by a file that all Linux packages of one build share.
      return process.env['APPIMAGE'] === undefined ? autoUpdater : (appImages ??= new AppImageUpdater());
    },
    digest: async (file) => {
      const hash = createHash('sha256');
      for await (const piece of createReadStream(file)) hash.update(piece as Buffer);
      return hash.digest('hex');
    },
    refusal: () => refuseReplacing(process.env['APPIMAGE']),
    install: (fetched) => installFetched(fetched, process.env['APPIMAGE']),
    ready: (version) => new Notification({ title: texts().updateReady(version), body: texts().updateReadyText }).show(),
    failed: (reason) => process.stderr.write(`cannot fetch the update: ${reason}\n`),
  });
  app.once('quit', (_event, exitCode) => {
    if (exitCode === 0) updates.install();
  });
  // The daemon answers with an event when there is one; without a network there is none.
  client.call('updater.check', {}).catch(() => undefined);
  return updates;
}
