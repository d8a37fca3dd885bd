/**
 * A browser that is just starting, asked over the DevTools protocol of its one page. Playwright's own connection takes part in the making of
 * every page (Target.setAutoAttach, waitForDebuggerOnStart); one that came while the first page was being made hung now and then.
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';

const DEADLINE_MS = 20_000;

export interface StartingBrowser {
  /** The value of an expression in the page, which must be JSON. Rejects when it throws. */
  evaluate<T>(expression: string): Promise<T>;
  /** Resolves when the browser has ended. */
  end(): Promise<void>;
}

/**
 * @param portFile DevToolsActivePort in the profile: its first line is the port
 * @param isPage true for the address of the wanted page
 */
export async function attachTo(portFile: string, isPage: (address: string) => boolean): Promise<StartingBrowser> {
  const port = await until('the browser says its port', async () => {
    const [line = ''] = (await readFile(portFile, 'utf8')).split('\n');
    return line === '' ? null : line;
  });
  const ask = async <T>(path: string): Promise<T> => (await fetch(`http://127.0.0.1:${port}/json/${path}`)).json() as T;
  const evaluateAt = async <T>(target: string, expression: string): Promise<T> => {
    const { result, exceptionDetails } = await send<{ result: { value: T }; exceptionDetails?: { text: string } }>(
      target,
      'Runtime.evaluate',
      { expression, returnByValue: true, awaitPromise: true },
    );
    if (exceptionDetails !== undefined) throw new Error(`${expression}: ${exceptionDetails.text}`);
    return result.value;
  };
  const page = await until('the window has its page', async () => {
    const targets = await ask<{ type: string; webSocketDebuggerUrl: string }[]>('list');
    const target = targets.find(({ type }) => type === 'page')?.webSocketDebuggerUrl;
    // The list has the address before the page is there.
    return target !== undefined && isPage(await evaluateAt(target, 'location.href')) ? target : null;
  });
  return {
    evaluate: (expression) => evaluateAt(page, expression),
    async end() {
      const { webSocketDebuggerUrl } = await ask<{ webSocketDebuggerUrl: string }>('version');
      // It may be gone before it answers.
      await send(webSocketDebuggerUrl, 'Browser.close', {}).catch(() => undefined);
      await until('the browser has ended', () =>
        ask('version').then(
          () => null,
          () => true,
        ),
      );
    },
  };
}

/** Resolves with the first answer that is not null; an error is tried again until the time is over. */
async function until<T>(what: string, look: () => Promise<T | null>): Promise<T> {
  const deadline = Date.now() + DEADLINE_MS;
  for (;;) {
    const found = await look().catch((error: unknown) => {
      if (Date.now() > deadline) throw error;
      return null;
    });
    if (found !== null) return found;
    if (Date.now() > deadline) throw new Error(`not within ${DEADLINE_MS / 1000} s: ${what}`);
    await wait(5);
  }
}

/** One message to a target, on a connection of its own. */
function send<T>(target: string, method: string, params: object): Promise<T> {
  const socket = new WebSocket(target);
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${method} was not answered`)), DEADLINE_MS);
    socket.onopen = () => socket.send(JSON.stringify({ id: 1, method, params }));
    socket.onmessage = ({ data }) => {
      const { id, result, error } = JSON.parse(String(data)) as { id?: number; result: T; error?: { message: string } };
      if (id !== 1) return;
      clearTimeout(timer);
      if (error === undefined) resolve(result);
      else reject(new Error(`${method}: ${error.message}`));
    };
    socket.onerror = () => reject(new Error(`${method}: the connection broke`));
    socket.onclose = () => reject(new Error(`${method}: the connection was closed`));
  }).finally(() => socket.close());
}
