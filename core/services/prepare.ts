/** Everything a service needs before it is launched: folders, files, its first initialisation, and the checks that give a clear error. */
import { dirname, join } from 'node:path';
import { KojiboxError } from '../../contract/errors.ts';
import type { Layout } from '../layout.ts';
import type { InitialiseStep, ServicePlan } from '../recipes/recipe.ts';
import { SYSTEM_TIME_ZONES } from '../runtimes/time-zones.ts';
import type { FileOwner } from '../system/files.ts';
import { userOf } from './service-user.ts';
import type { System } from '../system/system.ts';

/** sockaddr_un.sun_path holds 108 bytes with the closing NUL; see unix(7). */
export const MAX_SOCKET_PATH_BYTES = 107;

export interface PrepareOptions {
  /** Where the system has its time zones; tests use their own. */
  readonly systemTimeZones?: string;
  /** Called before the slow first initialisation. */
  onInitialise?(id: string): void;
}

/** Idempotent. Rejects with SOCKET_PATH_TOO_LONG, ZONEINFO_MISSING, PERMISSION_DENIED or INIT_FAILED; then nothing is half done. */
export async function prepareService(system: System, plan: ServicePlan, options: PrepareOptions = {}): Promise<void> {
  const owner = userOf(system.host, plan);
  for (const socket of plan.sockets) {
    assertSocketPath(plan, socket);
    if (owner !== null) await makeSocketFolder(system, dirname(socket), owner);
  }
  if (plan.timeZones !== undefined)
    await assertTimeZones(system, plan.timeZones, options.systemTimeZones ?? SYSTEM_TIME_ZONES);
  if (owner !== null && plan.asServiceUser) await assertPassable(system, plan.command, owner);
  for (const { path, mode } of plan.folders)
    await system.files.makeDirectory(path, { mode, ...(owner === null ? {} : { owner }) });
  for (const file of plan.files) await writeConfiguration(system, file, owner);
  if (plan.initialise !== null && (await system.files.stat(plan.initialise.folder)) === null) {
    options.onInitialise?.(plan.id);
    await initialise(system, plan, plan.initialise, owner);
  }
}

/** The user that runs it may bind there, the edge may connect, and other users do not get in. Sockets get the group of the folder: see inode(7). */
const makeSocketFolder = (system: System, folder: string, { uid }: FileOwner): Promise<void> =>
  system.files.makeDirectory(folder, { mode: 0o2710, owner: { uid, gid: system.host.edgeUser.gid } });

/** What a service reads belongs to the daemon: who can change it could make the next start do anything. */
async function writeConfiguration(
  system: System,
  { path, content, mode }: ServicePlan['files'][number],
  reader: FileOwner | null,
): Promise<void> {
  const { files } = system;
  if (reader === null) {
    if ((await files.readText(path)) !== content) await files.writeAtomic(path, content, { mode });
    return;
  }
  const owner = { uid: 0, gid: mode === 0o600 ? reader.gid : 0 };
  // The folder of what everybody may read is a runtime's, and is kept by its install.
  if (mode === 0o600) await files.makeDirectory(dirname(path), { mode: 0o750, owner });
  const there = await files.stat(path);
  const isKept = there?.type === 'file' && there.uid === owner.uid && there.gid === owner.gid;
  if (isKept && (await files.readText(path)) === content) return;
  await files.writeAtomic(path, content, { mode: mode === 0o600 ? 0o640 : mode, owner });
}

function assertSocketPath(plan: ServicePlan, socket: string): void {
  const bytes = new TextEncoder().encode(socket).length;
  if (bytes <= MAX_SOCKET_PATH_BYTES) return;
  throw new KojiboxError('SOCKET_PATH_TOO_LONG', `cannot start ${plan.id}: the path of its socket is too long`, {
    detail: `${socket} has ${bytes} bytes; the system allows ${MAX_SOCKET_PATH_BYTES}`,
    source: 'services',
  });
}

async function assertTimeZones({ files }: System, own: string, ofSystem: string): Promise<void> {
  if ((await files.stat(own)) !== null) return;
  const path = join(ofSystem, 'UTC');
  if ((await files.realPath(path)) !== null) return;
  throw new KojiboxError('ZONEINFO_MISSING', 'cannot start PHP: this system has no time zone database', {
    detail: `${path} does not exist, and without it every date() call is fatal`,
    source: 'services',
  });
}

/** Every folder on the way must let the services' user pass; /root usually does not. Rejects with PERMISSION_DENIED, and names the folder. */
export async function assertPassable(
  system: System,
  path: string,
  user: FileOwner = system.host.serviceUser,
): Promise<void> {
  if (!system.host.isRoot) return;
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
  // The parent belongs to the daemon, so that no one but it can put something in the way of the rename; the service user may pass.
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

/** Makes the folders of a home; when root, others may pass through it but not list it, and all of it is root's. */
export async function ensureHome(system: System, layout: Layout): Promise<void> {
  const keep = system.host.isRoot ? { owner: { uid: 0, gid: 0 } } : {};
  await system.files.makeDirectory(layout.home, system.host.isRoot ? { mode: 0o711, ...keep } : {});
  const folders = [
    dirname(layout.config),
    dirname(layout.bin),
    layout.config,
    layout.projects,
    layout.appLogs,
    layout.certificates,
    layout.cache,
    layout.bin,
    layout.data,
    layout.serviceLogs,
    layout.runtimeConfig,
    layout.temp,
    layout.sessions,
    layout.downloads,
  ];
  for (const folder of folders) await system.files.makeDirectory(folder, { mode: 0o755, ...keep });
}
