/**
 * What of Electron the main process uses, played by plain Node: it draws nothing and records what it is told, so that the glue runs
 * where the binary is not. A parent process gives orders over IPC (see control.ts). Electron itself is meant in tests/e2e.
 */
import { EventEmitter } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { openControl } from './control.ts';

interface Item {
  readonly label?: string;
  readonly role?: string;
  readonly enabled?: boolean;
  readonly submenu?: readonly Item[];
  readonly click?: () => void;
}

/** What a person would see now, and what has happened. */
export const seen = {
  tray: { image: '', toolTip: '', menu: [] as readonly Item[] },
  applicationMenu: [] as readonly Item[],
  badge: 0,
  notifications: [] as { title: string; body: string }[],
  questions: [] as string[],
  opened: [] as string[],
  loaded: [] as string[],
  requests: [] as unknown[],
  fromMain: [] as unknown[],
  windows: [] as BrowserWindow[],
};
let isAllowed = false;
let pagePort: MessagePort | null = null;

class App extends EventEmitter {
  readonly isPackaged = false;
  whenReady = (): Promise<void> => Promise.resolve();
  requestSingleInstanceLock = (): boolean => true;
  getLocale = (): string => 'en-GB';
  getVersion = (): string => '0.0.0';
  getPath = (): string => join(process.env['KOJIBOX_HOME'] ?? '', '..', 'user-data');
  setAppUserModelId = (): void => undefined;
  setAsDefaultProtocolClient = (): boolean => true;
  setBadgeCount(count: number): void {
    seen.badge = count;
  }
  quit(): void {
    this.emit('quit', {}, 0);
    process.exit(0);
  }
  exit = (code: number): void => process.exit(code);
}
export const app = new App();

class NativeImage {
  readonly path: string;
  constructor(path: string) {
    // Electron gives an empty image for a file that is missing.
    this.path = existsSync(path) ? path : '';
  }
  setTemplateImage = (): void => undefined;
}
export const nativeImage = { createFromPath: (path: string): NativeImage => new NativeImage(path) };

export const Menu = {
  buildFromTemplate: (items: readonly Item[]): { items: readonly Item[] } => ({ items }),
  setApplicationMenu(menu: { items: readonly Item[] }): void {
    seen.applicationMenu = menu.items;
  },
};

export class Tray extends EventEmitter {
  constructor(image: NativeImage) {
    super();
    this.setImage(image);
  }
  setImage(image: NativeImage): void {
    seen.tray.image = image.path;
  }
  setToolTip(text: string): void {
    seen.tray.toolTip = text;
  }
  setContextMenu(menu: { items: readonly Item[] }): void {
    seen.tray.menu = menu.items;
  }
}

const notices: Notification[] = [];
export class Notification extends EventEmitter {
  static isSupported = (): boolean => true;
  readonly #text: { title: string; body: string };
  constructor(text: { title: string; body: string }) {
    super();
    this.#text = text;
  }
  show(): void {
    notices.push(this);
    seen.notifications.push(this.#text);
  }
}

export const dialog = {
  showMessageBox: (_window: unknown, { message }: { message: string }): Promise<{ response: number }> => {
    seen.questions.push(message);
    return Promise.resolve({ response: isAllowed ? 1 : 0 });
  },
  showErrorBox: (title: string, text: string): void => void process.stderr.write(`${title}: ${text}\n`),
};
export const shell = {
  openExternal: (url: string): Promise<void> => Promise.resolve(void seen.opened.push(url)),
};
export const screen = {
  getAllDisplays: (): unknown[] => [{ workArea: { x: 0, y: 0, width: 1280, height: 800 } }],
};

const handlers = new Map<string, (request: { url: string; method: string }) => Promise<Response>>();
export const protocol = {
  registerSchemesAsPrivileged: (): void => undefined,
  handle: (scheme: string, handler: (request: { url: string; method: string }) => Promise<Response>): void =>
    void handlers.set(scheme, handler),
};
type Filter = (details: { url: string }, answer: (verdict: { cancel: boolean }) => void) => void;
type Granter = (contents: null, name: string, answer: (is: boolean) => void, from: { requestingUrl: string }) => void;
let filter: Filter | null = null;
let granter: Granter | null = null;
export const session = {
  defaultSession: {
    setPermissionRequestHandler: (handler: Granter): void => void (granter = handler),
    setPermissionCheckHandler: (): void => undefined,
    setDevicePermissionHandler: (): void => undefined,
    webRequest: { onBeforeRequest: (handler: Filter): void => void (filter = handler) },
  },
};

/** A port of the main process: 'message' brings an event with `data`, as Electron's own do. */
class MainPort extends EventEmitter {
  readonly #port: MessagePort;
  constructor(port: MessagePort) {
    super();
    this.#port = port;
  }
  start(): void {
    this.#port.on('message', (data) => this.emit('message', { data }));
    this.#port.on('close', () => this.emit('close'));
  }
  postMessage = (message: unknown): void => this.#port.postMessage(message);
  close = (): void => this.#port.close();
}
export class MessageChannelMain {
  readonly port1: MainPort;
  readonly port2: MessagePort;
  constructor() {
    const { port1, port2 } = new MessageChannel();
    this.port1 = new MainPort(port1);
    this.port2 = port2;
  }
}
export const ipcMain = new EventEmitter();

class WebContents extends EventEmitter {
  readonly id = 1;
  readonly mainFrame = { url: '' };
  openHandler: ((details: { url: string }) => { action: string }) | null = null;
  setWebRTCIPHandlingPolicy = (): void => undefined;
  setWindowOpenHandler = (handler: (details: { url: string }) => { action: string }): void =>
    void (this.openHandler = handler);
  reload = (): void => undefined;
  send = (_channel: string, request: unknown): void => void seen.requests.push(request);
  postMessage(_channel: string, _message: unknown, [port]: MessagePort[]): void {
    pagePort = port ?? null;
    pagePort?.on('message', (message) => void seen.fromMain.push(message));
  }
}
export class BrowserWindow extends EventEmitter {
  readonly webContents = new WebContents();
  readonly options: { readonly webPreferences: Readonly<Record<string, unknown>> };
  isShown = false;
  constructor(options: { readonly webPreferences: Readonly<Record<string, unknown>> }) {
    super();
    this.options = options;
    seen.windows.push(this);
  }
  show(): void {
    this.isShown = true;
  }
  focus = (): void => undefined;
  restore = (): void => undefined;
  maximize = (): void => undefined;
  isMinimized = (): boolean => false;
  isMaximized = (): boolean => false;
  getNormalBounds = (): object => ({ x: 0, y: 0, width: 1000, height: 700 });
  loadURL(url: string): Promise<void> {
    seen.loaded.push(url);
    this.webContents.mainFrame.url = url;
    setImmediate(() => this.emit('ready-to-show'));
    return Promise.resolve();
  }
}

const itemAt = (items: readonly Item[], [label, ...rest]: readonly string[]): Item => {
  const found = items.find((item) => item.label?.includes(label ?? ''));
  if (found === undefined) throw new Error(`no item ${label ?? ''} in ${items.map((item) => item.label).join(', ')}`);
  return rest.length === 0 ? found : itemAt(found.submenu ?? [], rest);
};
const labels = (items: readonly Item[]): unknown[] =>
  items.map(({ label, role, enabled, submenu }) =>
    submenu === undefined
      ? `${label ?? role ?? '-'}${enabled === false ? ' (off)' : ''}`
      : { [label ?? '']: labels(submenu) },
  );

openControl({
  state: () => ({
    ...seen,
    tray: { ...seen.tray, menu: labels(seen.tray.menu) },
    applicationMenu: labels(seen.applicationMenu),
    windows: seen.windows.map(({ options, isShown }) => ({ isShown, webPreferences: options.webPreferences })),
  }),
  choose: (...path: string[]) => {
    const { click, enabled } = itemAt(seen.tray.menu, path);
    if (enabled === false) throw new Error(`${path.join(' > ')} is off`);
    click?.();
  },
  allow: (yes: boolean) => void (isAllowed = yes),
  /** @param url of the frame that says so */
  pageIsReady: (url: string) => {
    const contents = seen.windows.at(-1)?.webContents;
    ipcMain.emit('kojibox-ready', {
      sender: contents,
      senderFrame: url === contents?.mainFrame.url ? contents.mainFrame : { url },
    });
  },
  fromPage: (message: unknown) => pagePort?.postMessage(message),
  navigate: (url: string) => {
    let isPrevented = false;
    const event = { url, preventDefault: () => void (isPrevented = true) };
    seen.windows.at(-1)?.webContents.emit('will-frame-navigate', event);
    return !isPrevented;
  },
  openFromPage: (url: string) => seen.windows.at(-1)?.webContents.openHandler?.({ url }).action,
  mayLoad: (url: string) => {
    let verdict: boolean | null = null;
    filter?.({ url }, ({ cancel }) => void (verdict = !cancel));
    return verdict;
  },
  mayHave: (permission: string, requestingUrl: string) => {
    let verdict: boolean | null = null;
    granter?.(null, permission, (is) => void (verdict = is), { requestingUrl });
    return verdict;
  },
  fetch: async (url: string) => {
    const response = await handlers.get(new URL(url).protocol.slice(0, -1))?.({ url, method: 'GET' });
    return { status: response?.status, policy: response?.headers.get('content-security-policy') };
  },
  secondStart: (argv: string[]) => app.emit('second-instance', {}, argv, '/'),
  closeWindow: () => {
    const window = seen.windows.at(-1);
    window?.emit('close');
    window?.emit('closed');
    app.emit('window-all-closed');
  },
  clickNotification: () => notices.at(-1)?.emit('click'),
});
