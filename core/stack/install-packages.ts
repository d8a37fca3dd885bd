/** Installs the packages of a project with its own package manager, in its folder and environment, as the user who owns the folder. */
import { join } from 'node:path';
import type { Change } from '../../contract/changes.ts';
import type { ProjectConfig } from '../../contract/config.ts';
import { KojiboxError } from '../../contract/errors.ts';
import type { Changes, TaskReporter } from '../changes/changes.ts';
import { installSteps, type InstallStep } from '../projects/install-steps.ts';
import { findMissing } from '../projects/missing-parts.ts';
import { accountVariables, programPath } from '../recipes/project-program.ts';
import type { Runtimes } from '../runtimes/runtimes.ts';
import { userOf } from '../services/service-user.ts';
import { accountOfUser } from '../system/accounts.ts';
import type { FileOwner } from '../system/files.ts';
import type { RunOptions } from '../system/processes.ts';
import type { System } from '../system/system.ts';
import type { Environments } from './environments.ts';
import { isProgram, runtimesOfProgram } from './programs.ts';

const TIMEOUT_MS = 30 * 60_000;

export interface InstallTools {
  readonly system: System;
  readonly changes: Changes;
  readonly environments: Environments;
  readonly runtimes: Runtimes;
  /** Starts its program again, when that has failed. */
  startFailed(project: ProjectConfig): Promise<void>;
}

/** @returns a change that ends at once when nothing is missing; it fails with START_FAILED and the last lines of what the program said */
export function installPackages(project: ProjectConfig, tools: InstallTools): Change {
  const { system, changes } = tools;
  return changes.run('projects.install', `Installing packages of ${project.name}`, async ({ task, signal }) => {
    const steps = await installSteps(system.files, project.path, await findMissing(system.files, project.path));
    const options = { ...(await placeOf(project, tools)), signal, timeoutMs: TIMEOUT_MS, asGroup: true };
    const waiting = steps.map((step, index) => {
      const line = step.command.join(' ');
      return { step, line, reporter: task(`${index}`, line) };
    });
    for (const { step, line, reporter } of waiting) {
      await ensureRuntimes(step, project, tools.runtimes, reporter, signal);
      // Of the runtimes; what comes now is said in words.
      reporter.bytes(0, 0);
      reporter.step('fetch');
      const made = await runStep(step, project, options, reporter, tools);
      signal.throwIfAborted();
      if (made.ok) {
        reporter.done(lastLines(made.said, 1));
        continue;
      }
      reporter.fail(line);
      throw new KojiboxError('START_FAILED', `cannot install the packages of ${project.name}`, {
        detail: `${line}\n${lastLines(made.said, 12)}`,
        source: 'projects',
        remedy: `Mend what it says, then run again: koji project install ${project.id}`,
      });
    }
    await tools.startFailed(project);
  }).change;
}

type Place = Pick<RunOptions, 'cwd' | 'env' | 'signal' | 'timeoutMs' | 'user' | 'asGroup'>;

/** Where it runs, with what and as whom. */
async function placeOf(project: ProjectConfig, { system, environments }: InstallTools): Promise<Place> {
  const execution = await environments.execution({ project: project.id }, false);
  const user = await ownerOf(system, project.path);
  const account = await accountOfUser(system, user);
  const env = {
    ...networkOf(system.host.environment, user === null),
    ...execution.env,
    ...accountVariables(account, '/tmp'),
    LANG: 'C.UTF-8',
    // There is no person to answer.
    CI: '1',
    COMPOSER_NO_INTERACTION: '1',
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
    PYTHONUNBUFFERED: '1',
    PATH: programPath(execution.path, account),
  };
  return { cwd: project.path, env, ...(user === null ? {} : { user }) };
}

/** How this machine reaches the network: proxies and authorities. */
const NETWORK =
  /^(?:(?:https?|no|all|ftp)_proxy|node_extra_ca_certs|ssl_cert_(?:file|dir)|(?:requests|curl)_ca_bundle)$/i;
/** Mirrors and keys of the user, as the tools read them. */
const OF_USER = /^(?:npm_config|pip|uv|composer|poetry|yarn|bun)_.+$/i;

const networkOf = (
  environment: Readonly<Record<string, string | undefined>>,
  isOfUser: boolean,
): Record<string, string> =>
  Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) =>
      value !== undefined && (NETWORK.test(name) || (isOfUser && OF_USER.test(name))) ? [[name, value]] : [],
    ),
  );

async function ensureRuntimes(
  { command: [name] }: InstallStep,
  project: ProjectConfig,
  runtimes: Runtimes,
  reporter: TaskReporter,
  signal: AbortSignal,
): Promise<void> {
  if (!isProgram(name)) return;
  for (const { runtime, series } of runtimesOfProgram(name, project, runtimes))
    if (runtimes.installed(runtime, series) === null) await runtimes.ensure(runtime, series, reporter, signal);
}

/** Never leaves half a folder behind: the project would look complete. */
async function runStep(
  step: InstallStep,
  project: ProjectConfig,
  place: Place,
  reporter: TaskReporter,
  { system, environments }: InstallTools,
): Promise<{ ok: boolean; said: string }> {
  const { files, processes } = system;
  const [name, ...args] = step.command;
  const made = step.makes === undefined ? null : join(project.path, step.makes);
  const isNew = made !== null && (await files.stat(made)) === null;
  const env = { ...place.env, ...step.env };
  const program = isProgram(name) ? await environments.programIn(name, project, env) : null;
  let said = '';
  const { exitCode } = await processes.run(
    program?.command ?? '/usr/bin/env',
    program === null ? step.command : [...program.args, ...args],
    {
      ...place,
      env: { ...env, ...program?.env, PATH: env['PATH'] ?? '' },
      onOutput(text) {
        said = (said + text).slice(-KEPT_CHARACTERS);
        reporter.step('fetch', lastLines(said, 1));
      },
    },
  );
  const ok = exitCode === 0 && place.signal?.aborted !== true;
  if (!ok && made !== null && isNew) {
    const { signal: _, ...rest } = place;
    await processes.run('/bin/rm', ['-rf', '--', made], rest);
  }
  return { ok, said };
}

/** Of the output, for the line that is shown and for an error. */
const KEPT_CHARACTERS = 8000;

const lastLines = (text: string, count: number): string =>
  text
    .split(/[\r\n]+/)
    .filter((line) => line.trim() !== '')
    .slice(-count)
    .join('\n');

/** Null: the daemon's own user. As root the owner of the folder; packages run scripts, so never root itself. */
async function ownerOf({ host, files }: System, path: string): Promise<FileOwner | null> {
  const stat = await files.stat(path);
  return userOf(host, stat === null || stat.uid === 0 ? {} : { user: { uid: stat.uid, gid: stat.gid } });
}
