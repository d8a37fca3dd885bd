/** Starts one program as a service: own session and group, straight to its log file, as its own user. */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, constants, fchownSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { KojiboxError } from '../../../contract/errors.ts';
import type { ExitResult, LaunchSpec } from '../../../core/services/driver.ts';
import { diskFull } from '../../../contract/disk-error.ts';
import { openAliveEnd } from './liveness.ts';
import { MARKER_NAME } from './marker.linux.ts';

export interface Launched {
  readonly pid: number;
  readonly ended: Promise<ExitResult>;
  /** Keeps this process from ending before the service has; without it the daemon may end first. */
  readonly hold: () => void;
}

/**
 * Returns in the same tick in which the program was started, so that the caller can write the pid down before anything else happens.
 * Throws, or gives the refusal as a promise when the system tells the reason only later.
 *
 * @param decide called right before the start
 */
export function launch(
  spec: LaunchSpec,
  marker: string,
  aliveFile: string,
  decide: () => void,
): Launched | Promise<never> {
  const open: number[] = [];
  const keep = (descriptor: number): number => {
    open.push(descriptor);
    return descriptor;
  };
  try {
    const log = keep(openLog(spec));
    const alive = keep(openAliveEnd(aliveFile));
    decide();
    const child = spawn(spec.command, spec.args, {
      detached: true,
      stdio: ['ignore', log, log, alive],
      cwd: spec.cwd,
      env: { ...spec.env, [MARKER_NAME]: marker },
      ...(spec.user === null ? {} : { uid: spec.user.uid, gid: spec.user.gid }),
    });
    if (child.pid === undefined) return refusalOf(child, spec);
    child.unref(); // The daemon may end before its services.
    return { pid: child.pid, ended: endOf(child), hold: () => child.ref() };
  } catch (error) {
    throw refusal(spec, error as NodeJS.ErrnoException);
  } finally {
    for (const descriptor of open) closeSync(descriptor);
  }
}

function openLog({ logFile, user }: LaunchSpec): number {
  mkdirSync(dirname(logFile), { recursive: true });
  const log = openSync(
    logFile,
    constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW,
    0o640,
  );
  if (user !== null) fchownSync(log, user.uid, user.gid);
  return log;
}

function endOf(child: ChildProcess): Promise<ExitResult> {
  return new Promise((resolve) => {
    child.on('exit', (exitCode, signal) => resolve({ exitCode, signal }));
    child.on('error', () => undefined); // Only a signal that could not be sent; the exit tells the rest.
  });
}

async function refusalOf(child: ChildProcess, spec: LaunchSpec): Promise<never> {
  const error = await new Promise<NodeJS.ErrnoException>((resolve) => child.once('error', resolve));
  throw refusal(spec, error);
}

function refusal(spec: LaunchSpec, error: NodeJS.ErrnoException): KojiboxError {
  const full = diskFull(error, `cannot start ${spec.id}`);
  if (full !== null) return full;
  if (error.code === 'EPERM') {
    return new KojiboxError('PERMISSION_DENIED', `cannot start ${spec.id} as user ${spec.user?.uid ?? '?'}`, {
      detail: error.message,
      source: 'services',
      cause: error,
    });
  }
  const why: Record<string, string> = {
    ENOENT: `${spec.command} or the folder ${spec.cwd} does not exist`,
    EACCES: `${spec.command} may not be executed, or ${spec.cwd} may not be entered, by user ${spec.user?.uid ?? 'of the daemon'}`,
    ENOEXEC: `${spec.command} is not a program for this machine`,
  };
  // What failed before the spawn (the log, the FIFO) has a path of its own in its message.
  const detail = error.syscall?.startsWith('spawn') === true ? (why[error.code ?? ''] ?? error.message) : error.message;
  return new KojiboxError('START_FAILED', `cannot start ${spec.id}`, { detail, source: 'services', cause: error });
}
