/** A program in this terminal: its input, output, signals and exit code are ours. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { KojiboxError } from '../contract/errors.ts';

/** @returns its exit code; 128 and the number of the signal that ended it. Rejects with RUNTIME_MISSING when it cannot be started. */
export function runInTerminal(
  name: string,
  command: string,
  args: readonly string[],
  options: { readonly env: Readonly<Record<string, string | undefined>>; readonly cwd?: string },
): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: 'inherit',
      // Set where `koji` is the desktop app's own binary; the program may be an Electron app itself.
      env: { ...options.env, ELECTRON_RUN_AS_NODE: undefined },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    // Ctrl-C in a terminal reaches the program too; it decides what that means.
    process.on('SIGINT', () => undefined);
    process.on('SIGTERM', () => child.kill('SIGTERM'));
    child.on('error', (error: NodeJS.ErrnoException) =>
      reject(
        new KojiboxError('RUNTIME_MISSING', `cannot run ${name}`, {
          detail: error.code === 'ENOENT' ? `there is no program "${command}" on the PATH` : error.message,
          source: 'cli',
          cause: error,
          ...(error.code === 'ENOENT'
            ? { remedy: 'Check its name, or install it; koji runtime list shows what Kojibox brings.' }
            : {}),
        }),
      ),
    );
    child.on('exit', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : (constants.signals[signal] ?? 0))));
  });
}
