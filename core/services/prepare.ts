/** Everything a service needs before it is launched: folders, files, its first initialisation, and the checks that give a clear error. */
import { dirname, join } from 'node:path';
import { KojiboxError } from '../../contract/errors.ts';
import type { InitialiseStep, ServicePlan } from '../recipes/recipe.ts';
import type { FileOwner } from '../system/files.ts';
import type { System } from '../system/system.ts';

/** sockaddr_un.sun_path holds 108 bytes with the closing NUL; see unix(7). */
const MAX_SOCKET_PATH_BYTES = 107;
const ZONEINFO = '/usr/share/zoneinfo/UTC';

export interface PrepareOptions {
  /** Where PHP looks for time zones; tests use their own. */
  readonly zoneinfo?: string;
  /** Called before the slow first initialisation. */
  onInitialise?(id: string): void;
}

/** Idempotent. Rejects with SOCKET_PATH_TOO_LONG, ZONEINFO_MISSING, PERMISSION_DENIED or INIT_FAILED; then nothing is half done. */
export async function prepareService(system: System, plan: ServicePlan, options: PrepareOptions = {}): Promise<void> {
  const owner = system.host.isRoot && plan.asServiceUser ? system.host.serviceUser : null;
  for (const socket of plan.sockets) assertSocketPath(plan, socket);
  if (plan.runtime === 'php') await assertZoneinfo(system, options.zoneinfo ?? ZONEINFO);
  if (owner !== null) await assertPassable(system, plan.command);
  for (const { path, mode } of plan.folders)
    await system.files.makeDirectory(path, { mode, ...(owner === null ? {} : { owner }) });
  for (const { path, content, mode, keptByDaemon } of plan.files) {
    if ((await system.files.readText(path)) !== content)
      await system.files.writeAtomic(path, content, {
        mode,
        ...(owner === null || keptByDaemon === true ? {} : { owner }),
      });
  }
  if (plan.initialise !== null && (await system.files.stat(plan.initialise.folder)) === null) {
    options.onInitialise?.(plan.id);
    await initialise(system, plan, plan.initialise, owner);
  }
}

function assertSocketPath(plan: ServicePlan, socket: string): void {
  const bytes = new TextEncoder().encode(socket).length;
  if (bytes <= MAX_SOCKET_PATH_BYTES) return;
  throw new KojiboxError('SOCKET_PATH_TOO_LONG', `cannot start ${plan.id}: the path of its socket is too long`, {
    detail: `${socket} has ${bytes} bytes; the system allows ${MAX_SOCKET_PATH_BYTES}`,
    source: 'services',
  });
}

async function assertZoneinfo(system: System, path: string): Promise<void> {
  if ((await system.files.realPath(path)) !== null) return;
  throw new KojiboxError('ZONEINFO_MISSING', 'cannot start PHP: this system has no time zone database', {
    detail: `${path} does not exist, and without it every date() call is fatal`,
    source: 'services',
  });
}

/** Every folder on the way must let the services' user pass; /root usually does not. Rejects with PERMISSION_DENIED, and names the folder. */
export async function assertPassable(system: System, path: string): Promise<void> {
  if (!system.host.isRoot) return;
  const user = system.host.serviceUser;
  // Where a link leads elsewhere, the folders on both ways count.
  const real = (await system.files.realPath(dirname(path))) ?? dirname(path);
  for (const folder of new Set([...foldersTo(dirname(path)), ...foldersTo(real)])) {
    const stat = await system.files.stat(folder);
    if (stat === null || stat.type === 'link') continue;
    const passes =
      (stat.mode & 0o001) !== 0 ||
      (stat.uid === user.uid && (stat.mode & 0o100) !== 0) ||
      (stat.gid === user.gid && (stat.mode & 0o010) !== 0);
    if (passes) continue;
    throw new KojiboxError('PERMISSION_DENIED', 'cannot start a service as an unprivileged user', {
      detail: `user ${user.uid} may not pass through ${folder}, and databases refuse to run as root`,
      source: 'services',
      remedy: `Set KOJIBOX_HOME to a folder outside ${folder}, or run: chmod o+x ${folder}`,
    });
  }
}

/** The folder and all above it but the root. */
function foldersTo(path: string): string[] {
  const found: string[] = [];
  for (let folder = path; folder !== dirname(folder); folder = dirname(folder)) found.push(folder);
  return found;
}

async function initialise(
  system: System,
  plan: ServicePlan,
  what: NonNullable<ServicePlan['initialise']>,
  owner: FileOwner | null,
): Promise<void> {
  const { files } = system;
  const building = `${what.folder}.new`;
  const ownership = owner === null ? {} : { owner };
  await files.remove(building); // Left by a try that was killed.
  // The parent belongs to the daemon, so that nobody but it can put something in the way of the rename; the service user may pass.
  await files.makeDirectory(dirname(what.folder), { mode: 0o755 });
  await files.makeDirectory(building, { mode: 0o700, ...ownership });
  const helpers = what.files(building);
  try {
    for (const { path, content } of helpers) await files.writeAtomic(path, content, { mode: 0o600, ...ownership });
    for (const step of what.steps(building)) await runStep(system, plan, step, owner);
    await files.rename(building, what.folder);
  } catch (error) {
    await files.remove(building);
    throw error;
  } finally {
    for (const { path } of helpers) await files.remove(path);
  }
}

async function runStep(system: System, plan: ServicePlan, step: InitialiseStep, user: FileOwner | null): Promise<void> {
  const result = await system.processes.run(step.command, step.args, {
    env: step.env,
    cwd: step.cwd,
    timeoutMs: 180_000,
    ...(user === null ? {} : { user }),
  });
  if (result.exitCode === 0) return;
  const output = `${result.stdout}\n${result.stderr}`.trim().split('\n').slice(-8).join(' | ');
  throw new KojiboxError('INIT_FAILED', `cannot initialise ${plan.name}`, {
    detail: `${step.command.split('/').at(-1) ?? ''} ended with ${result.signal ?? `code ${result.exitCode ?? '?'}`}: ${output.slice(-1500)}`,
    source: 'services',
  });
}

/** Makes the folders of a home; when root, others may pass through it but not list it. */
export async function ensureHome(system: System, folders: readonly string[], home: string): Promise<void> {
  await system.files.makeDirectory(home, system.host.isRoot ? { mode: 0o711 } : {});
  for (const folder of folders) await system.files.makeDirectory(folder, { mode: 0o755 });
}

/** Short folder for sockets, made and checked. Rejects with PERMISSION_DENIED when it belongs to somebody else. */
export async function ensureRunFolder(system: System, home: string, homeDigest: string): Promise<string> {
  const { environment, serviceUser, isRoot } = system.host;
  const longest = '.s.PGSQL.65535.lock'.length + 1;
  const fits = (folder: string): boolean => new TextEncoder().encode(folder).length + longest <= MAX_SOCKET_PATH_BYTES;
  const runtimeFolder = environment['XDG_RUNTIME_DIR'];
  const candidates = [
    environment['KOJIBOX_RUN_DIR'],
    join(home, 'run'),
    ...(isRoot || !runtimeFolder ? [] : [join(runtimeFolder, `kojibox-${homeDigest}`)]),
    join('/tmp', `kojibox-${serviceUser.uid}-${homeDigest}`),
  ].filter((folder): folder is string => Boolean(folder));
  const folder = environment['KOJIBOX_RUN_DIR'] || candidates.find(fits);
  if (folder === undefined) {
    throw new KojiboxError('SOCKET_PATH_TOO_LONG', 'cannot find a folder for sockets', {
      detail: `all of ${candidates.join(', ')} are too long`,
      source: 'services',
    });
  }
  await system.files.makeDirectory(folder);
  const stat = await system.files.stat(folder);
  const mine = isRoot ? [0, serviceUser.uid] : [serviceUser.uid];
  if (stat?.type !== 'directory' || !mine.includes(stat.uid)) {
    throw new KojiboxError('PERMISSION_DENIED', `cannot use ${folder} for sockets`, {
      detail: 'it is no folder of this user',
      source: 'services',
      remedy: 'Remove it, or set KOJIBOX_RUN_DIR to another folder.',
    });
  }
  await system.files.makeDirectory(folder, { mode: isRoot ? 0o711 : 0o700, ...(isRoot ? { owner: serviceUser } : {}) });
  return folder;
}
