/** Runs services as processes of this machine, each in its own session and process group, writing straight to its log file. */
import { spawn } from 'node:child_process';
import { closeSync, fchownSync, mkdirSync, openSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { KojiboxError } from '../../../contract/errors.ts';
import type { ExitResult, LaunchSpec, ServiceDriver, ServiceHandle } from '../../../core/services/driver.ts';
import type { ProcessIdentity } from '../../../core/system/processes.ts';
import { identifyNow, isSameNow } from '../../system/process-facts.linux.ts';
import { findEscaped, findLaunched, groupOf, ticksNow } from './find.linux.ts';
import { openAliveEnd, waitForEnd } from './liveness.ts';
import { createHandleRecords } from './records.ts';

const KILL_DEADLINE_MS = 10_000;

/** @param options.homeDigest tells the services of one KOJIBOX_HOME from those of another */
export function createProcessDriver(options: { readonly folder: string; readonly homeDigest: string }): ServiceDriver {
  const records = createHandleRecords(options.folder);
  const children = new Map<number, Promise<ExitResult>>();

  const markerFor = (id: string): string => `${id}@${options.homeDigest}`;
  const identityOf = (handle: ServiceHandle): ProcessIdentity => handle.data['identity'] as ProcessIdentity;
  const handleOf = (id: string, fingerprint: string, launchedAt: number, identity: ProcessIdentity): ServiceHandle => ({
    driver: 'process', id, fingerprint, launchedAt, pid: identity.pid, data: { identity },
  });

  const start = (spec: LaunchSpec): ServiceHandle => {
    mkdirSync(dirname(spec.logFile), { recursive: true });
    const log = openSync(spec.logFile, 'a', 0o640);
    let alive = -1;
    try {
      if (spec.user !== null) fchownSync(log, spec.user.uid, spec.user.gid);
      alive = openAliveEnd(records.aliveFile(spec.id));
      const executable = realpathSync(spec.command);
      const launchedAt = Date.now();
      const intent = {
        id: spec.id, fingerprint: spec.fingerprint, launchedAt, bootId: identifyNow(process.pid)?.bootId ?? '', intentTicks: ticksNow() - 1, executable,
        marker: markerFor(spec.id), identity: null,
      };
      records.write(intent);
      const child = spawn(spec.command, spec.args, {
        detached: true, stdio: ['ignore', log, log, alive], cwd: spec.cwd, env: { ...spec.env, KOJIBOX_SERVICE: intent.marker },
        ...(spec.user === null ? {} : { uid: spec.user.uid, gid: spec.user.gid }),
      });
      const ended = new Promise<ExitResult>((resolve) => {
        child.on('exit', (exitCode, signal) => resolve({ exitCode, signal }));
        child.on('error', () => resolve({ exitCode: null, signal: null }));
      });
      if (child.pid === undefined) {
        records.remove(spec.id);
        throw new KojiboxError('START_FAILED', `cannot start ${spec.id}`, { detail: `${spec.command} could not be run`, source: 'services' });
      }
      // A process that ended within this microsecond has no identity any more; its exit is already on its way.
      const identity = identifyNow(child.pid) ?? { pid: child.pid, startTicks: -1, bootId: intent.bootId, executable };
      records.write({ ...intent, identity });
      children.set(child.pid, ended);
      void ended.finally(() => children.delete(identity.pid));
      child.unref();
      return handleOf(spec.id, spec.fingerprint, launchedAt, identity);
    } finally {
      closeSync(log);
      if (alive !== -1) closeSync(alive);
    }
  };

  return {
    name: 'process',

    start(spec) {
      try {
        return Promise.resolve(start(spec));
      } catch (error) {
        if (error instanceof KojiboxError) return Promise.reject(error);
        const detail = error instanceof Error ? error.message : String(error);
        return Promise.reject(new KojiboxError('START_FAILED', `cannot start ${spec.id}`, { detail, source: 'services', cause: error }));
      }
    },

    recover() {
      const handles: ServiceHandle[] = [];
      for (const record of records.all()) {
        const identity = record.identity === null ? findLaunched(record) : isSameNow(record.identity) ? record.identity : null;
        if (identity === null) {
          records.remove(record.id);
          continue;
        }
        records.write({ ...record, identity });
        handles.push(handleOf(record.id, record.fingerprint, record.launchedAt, identity));
      }
      return Promise.resolve(handles);
    },

    async wait(handle) {
      const identity = identityOf(handle);
      const child = children.get(identity.pid);
      if (child !== undefined) return child;
      await waitForEnd(records.aliveFile(handle.id), () => isSameNow(identity));
      return { exitCode: null, signal: null };
    },

    stop(handle, signalName) {
      const identity = identityOf(handle);
      if (isSameNow(identity)) signal(identity.pid, signalName as NodeJS.Signals);
      return Promise.resolve();
    },

    async kill(handle) {
      const identity = identityOf(handle);
      const deadline = Date.now() + KILL_DEADLINE_MS;
      for (let members = groupOf(identity); members.length > 0; members = groupOf(identity)) {
        signal(-identity.pid, 'SIGKILL');
        if (Date.now() > deadline) {
          throw new KojiboxError('INTERNAL', `cannot end ${handle.id}`, { detail: `processes ${members.join(', ')} do not die`, source: 'services' });
        }
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      for (const pid of findEscaped(markerFor(handle.id), identity.pid)) signal(pid, 'SIGKILL');
      await children.get(identity.pid);
    },

    release(handle) {
      records.remove(handle.id);
      return Promise.resolve();
    },
  };
}

/** A process that is gone meanwhile is what was wanted. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
