/** Dumps as gzip files: half a dump never has the name of a whole one. */
import type { TaskReporter } from '../changes/changes.ts';
import type { System } from '../system/system.ts';
import type { RunClient } from './engine-access.ts';
import type { ClientCommand } from './engine.ts';

const LOOK_EVERY_MS = 1000;
const SHELL = { PATH: '/usr/bin:/bin' };

export interface DumpWork {
  readonly system: System;
  readonly run: RunClient;
  /** Writes the dump to the file it is given. */
  command(partial: string): ClientCommand;
  /** Ends with `.gz`. */
  readonly file: string;
  /** For the error: what could not be done. */
  readonly what: string;
  readonly task: TaskReporter;
  readonly signal: AbortSignal;
}

/** Rejects with DATABASE_FAILED; then nothing of the dump is left. */
export async function writeDump({ system, run, command, file, what, task, signal }: DumpWork): Promise<void> {
  const { files, clock } = system;
  const partial = `${file.replace(/\.gz$/, '')}.partial`;
  task.step('dump');
  let watching = true;
  const watch = async (): Promise<void> => {
    const size = (await files.stat(partial))?.size ?? 0;
    if (!watching) return;
    task.bytes(size, null);
    clock.after(LOOK_EVERY_MS, () => void watch());
  };
  try {
    await files.writeAtomic(partial, '', { mode: 0o600 });
    void watch();
    await run(command(partial), what, signal);
    task.step('compress');
    await run({ command: 'gzip', args: ['-f', '--', partial], env: SHELL }, what, signal);
    await files.rename(`${partial}.gz`, file);
  } finally {
    watching = false;
    await files.remove(partial);
    await files.remove(`${partial}.gz`);
  }
}

/** A dump as the input of a client program. */
export function feedDump(file: string, { command, args, env }: ClientCommand): ClientCommand {
  const script = file.endsWith('.gz') ? 'file=$1; shift; gzip -dc -- "$file" | "$@"' : 'file=$1; shift; "$@" < "$file"';
  return { command: '/bin/sh', args: ['-c', script, 'import', file, command, ...args], env };
}

/** Reads all of a packed dump once, so that one which was cut short changes nothing. */
export const verifyDump = (file: string): ClientCommand => ({
  command: 'gzip',
  args: ['-t', '--', file],
  env: SHELL,
});
