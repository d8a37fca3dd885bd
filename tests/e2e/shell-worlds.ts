/**
 * The page inside of the desktop app. Where Electron's binary is present, that is the app itself; everywhere, it is a Chromium in which
 * the app's own parts do their work (its preload script, asset server, bridge, consent and link parser) and only Electron's own glue is
 * played by Playwright.
 */
import { readFileSync } from 'node:fs';
import { _electron, type Browser, type Page } from 'playwright/test';
import { createClient, createHttpLink } from '../../client/index.ts';
import { DaemonFileSchema } from '../../contract/daemon.ts';
import { mayOpenOutside } from '../../electron/main/app-origin.ts';
import { createAssets } from '../../electron/main/assets.ts';
import { createBridge, type Bridge } from '../../electron/main/bridge.ts';
import { createConsent, type Question } from '../../electron/main/consent.ts';
import { readCommandLine } from '../../electron/main/deep-link.ts';
import { koji } from './dashboard-page.ts';

export interface ShellWorld {
  readonly page: Page;
  /** How native questions are answered from here on; no at first. */
  answer(yes: boolean): Promise<void>;
  /** A second start of the app with this on its command line. */
  handOver(link: string): Promise<void>;
  /** What was opened in the system's browser. */
  openedOutside(): Promise<readonly string[]>;
  /** What the person was asked, natively. */
  asked(): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** A secure context like the app's own origin, and one that Playwright can answer for. */
const ORIGIN = 'http://kojibox.localhost';

/** What of Electron a preload script sees; `kojibox-port` brings a real port. */
const ELECTRON_IN_PAGE = `
  const listeners = new Map();
  const electron = {
    ipcRenderer: {
      on: (channel, listener) => listeners.set(channel, listener),
      removeAllListeners: (channel) => listeners.delete(channel),
      send: (channel) => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = ({ data }) => toMain(data);
        fromMain = (message) => port1.postMessage(message);
        void hello(channel).then(() => listeners.get('kojibox-port')({ ports: [port2] }));
      },
    },
    contextBridge: { exposeInMainWorld: (name, value) => { globalThis[name] = value; } },
  };
  globalThis.fromMain = null;
  globalThis.requestOfMain = (request) => listeners.get('kojibox-request')({}, request);
  globalThis.open = (url) => { void openOutside(url); return null; };
`;

export async function openInChromium(browser: Browser): Promise<ShellWorld> {
  const context = await browser.newContext();
  const page = await context.newPage();
  const client = createClient(
    createHttpLink(DaemonFileSchema.parse(JSON.parse(readFileSync(koji('app/daemon.json'), 'utf8')))),
  );
  const { sites } = await client.call('stack.status', {});
  const serve = createAssets('dist/renderer');
  const questions: Question[] = [];
  const opened: string[] = [];
  let allows = false;
  let bridge: Bridge | null = null;
  const consent = createConsent({
    role: 'operate',
    mayElevate: true,
    now: () => performance.now(),
    ask: (question) => {
      questions.push(question);
      return Promise.resolve(allows);
    },
  });

  await page.route(`${ORIGIN}/**`, async (route) => {
    const request = route.request();
    const { status, headers, body } = await serve({
      url: request.url().replace(ORIGIN, 'app://kojibox'),
      method: request.method(),
    });
    await route.fulfill({ status, headers: { ...headers }, body: Buffer.from(body) });
  });
  await page.exposeFunction('hello', (channel: string) => {
    if (channel !== 'kojibox-ready') throw new Error(`unexpected channel ${channel}`);
    bridge?.close();
    bridge = createBridge({
      client,
      consent,
      now: () => performance.now(),
      port: {
        // The page may be gone by now, as a window may be.
        postMessage: (message) =>
          void page
            .evaluate((each) => (globalThis as unknown as { fromMain(one: unknown): void }).fromMain(each), message)
            .catch(() => undefined),
      },
    });
  });
  await page.exposeFunction('toMain', (message: unknown) => bridge?.receive(message));
  await page.exposeFunction('openOutside', (url: string) => {
    if (
      mayOpenOutside(
        url,
        sites.map((site) => site.url),
      )
    )
      opened.push(url);
  });
  await page.addInitScript(
    `(() => { ${ELECTRON_IN_PAGE}; const require = () => electron; ${readFileSync('dist/electron/preload.cjs', 'utf8')} })();`,
  );
  await page.goto(`${ORIGIN}/`);
  await page.locator('[data-service]').first().waitFor();
  return {
    page,
    answer: (yes) => Promise.resolve(void (allows = yes)),
    async handOver(text) {
      for (const link of readCommandLine(['kojibox', text]).links)
        await page.evaluate(
          (each) =>
            (globalThis as unknown as { requestOfMain(one: unknown): void }).requestOfMain({
              type: 'link',
              link: each,
            }),
          link,
        );
    },
    openedOutside: () => Promise.resolve(opened),
    asked: () => Promise.resolve(questions.map(({ summary }) => summary)),
    async close() {
      bridge?.close();
      client.close();
      await context.close();
    },
  };
}

/** What is put into the main process, so that no question waits for a person and no browser opens. */
interface Witness {
  allows: boolean;
  asked: string[];
  opened: string[];
}

export async function openInElectron(executablePath: string): Promise<ShellWorld> {
  const app = await _electron.launch({
    executablePath,
    args: [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), process.cwd()],
    env: { ...(process.env as Record<string, string>) },
  });
  await app.evaluate(({ dialog, shell }) => {
    const witness: Witness = { allows: false, asked: [], opened: [] };
    (globalThis as unknown as { witness: Witness }).witness = witness;
    dialog.showMessageBox = ((_window: unknown, options: { message: string }) => {
      witness.asked.push(options.message);
      return Promise.resolve({ response: witness.allows ? 1 : 0, checkboxChecked: false });
    }) as typeof dialog.showMessageBox;
    shell.openExternal = (url) => {
      witness.opened.push(url);
      return Promise.resolve();
    };
  });
  const page = await app.firstWindow();
  await page.locator('[data-service]').first().waitFor();
  const read = (): Promise<Witness> => app.evaluate(() => (globalThis as unknown as { witness: Witness }).witness);
  return {
    page,
    answer: (yes) =>
      app.evaluate((_, allows) => void ((globalThis as unknown as { witness: Witness }).witness.allows = allows), yes),
    handOver: (link) =>
      app.evaluate(({ app: electronApp }, text) => {
        electronApp.emit('second-instance', {}, ['kojibox', text], '/');
      }, link),
    openedOutside: async () => (await read()).opened,
    asked: async () => (await read()).asked,
    close: () => app.close(),
  };
}
