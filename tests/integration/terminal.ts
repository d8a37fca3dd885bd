/** A terminal with somebody at it: a command under script(1), which makes it a pseudoterminal. */
import { spawn } from 'node:child_process';

/** For one thing to be shown, on a machine that has other work. */
const PATIENCE_MS = 15_000;

export interface Terminal {
  /** Waits until this is shown, after what was waited for before. Rejects when the command ends without it, and after a while. */
  waitFor(text: string): Promise<void>;
  type(text: string): void;
  /** All that was shown so far. */
  shown(): string;
  close(): Promise<void>;
}

/** @param command for /bin/sh; what it runs keeps the terminal to itself */
export function openTerminal(command: string, env: NodeJS.ProcessEnv): Terminal {
  // As a pipe is its input, it would not echo by itself: https://man7.org/linux/man-pages/man1/script.1.html
  const child = spawn('script', ['-q', '-E', 'always', '-c', command, '/dev/null'], {
    env: { ...env, SHELL: '/bin/sh', TERM: 'xterm' },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let [text, seen, isOver] = ['', 0, false];
  let wake = (): void => undefined;
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
    wake();
  });
  const over = new Promise<void>((resolve) =>
    child.once('close', () => {
      isOver = true;
      wake();
      resolve();
    }),
  );
  // It may have ended before what was typed reached it.
  child.stdin.on('error', () => undefined);
  return {
    async waitFor(wanted) {
      const deadline = Date.now() + PATIENCE_MS;
      for (;;) {
        const at = text.indexOf(wanted, seen);
        if (at !== -1) {
          seen = at + wanted.length;
          return;
        }
        if (isOver) throw new Error(`it ended without "${wanted}":\n${text}`);
        const left = deadline - Date.now();
        if (left <= 0) throw new Error(`"${wanted}" was not shown:\n${text}`);
        const late = setTimeout(() => wake(), left);
        await new Promise<void>((resolve) => (wake = resolve));
        clearTimeout(late);
      }
    },
    type: (keys) => void child.stdin.write(keys),
    shown: () => text,
    async close() {
      if (!isOver) child.kill('SIGKILL');
      await over;
    },
  };
}
