/** Installs the packages of a project with its own package manager, in its folder and environment, as the user who owns the folder. */
import type { Change } from '../../contract/changes.ts';
import type { ProjectConfig } from '../../contract/config.ts';
import { KojiboxError } from '../../contract/errors.ts';
import type { Changes } from '../changes/changes.ts';
import { installCommands } from '../projects/missing-parts.ts';
import { accountVariables } from '../recipes/project-program.ts';
import { userOf } from '../services/service-user.ts';
import { accountOfUser } from '../system/accounts.ts';
import type { FileOwner } from '../system/files.ts';
import type { System } from '../system/system.ts';
import type { Environments } from './environments.ts';

const TIMEOUT_MS = 30 * 60_000;

/** @returns a change that ends at once when nothing is missing; it fails with START_FAILED and the last lines of what the program said */
export function installPackages(
  project: ProjectConfig,
  {
    system,
    changes,
    environments,
  }: { readonly system: System; readonly changes: Changes; readonly environments: Environments },
): Change {
  return changes.run('projects.install', `Installing packages of ${project.name}`, async ({ task, signal }) => {
    const commands = await installCommands(system.files, project.path);
    const execution = await environments.execution({ project: project.id }, false);
    const user = await ownerOf(system, project.path);
    const account = await accountOfUser(system, user);
    const env = {
      ...execution.env,
      ...accountVariables(account, '/tmp'),
      LANG: 'C.UTF-8',
      // There is no person to answer.
      CI: '1',
      COREPACK_ENABLE_DOWNLOAD_PROMPT: '0',
      PATH: [...execution.path, '/usr/local/bin', '/usr/bin', '/bin'].join(':'),
    };
    for (const [program = '', ...args] of commands) {
      const line = [program, ...args].join(' ');
      const reporter = task(program, line);
      reporter.step('fetch');
      const { exitCode, stdout, stderr } = await system.processes.run('/usr/bin/env', [program, ...args], {
        cwd: project.path,
        env,
        signal,
        timeoutMs: TIMEOUT_MS,
        ...(user === null ? {} : { user }),
      });
      signal.throwIfAborted();
      if (exitCode === 0) {
        reporter.done(lastLines(stdout, 1));
        continue;
      }
      reporter.fail(`${line}: ${exitCode ?? ''}`);
      throw new KojiboxError('START_FAILED', `cannot install the packages of ${project.name}`, {
        detail: `${line}\n${lastLines(stderr === '' ? stdout : stderr, 12)}`,
        source: 'projects',
        remedy: `Mend what it says, then run again: koji project install ${project.id}`,
      });
    }
  }).change;
}

const lastLines = (text: string, count: number): string => text.trim().split('\n').slice(-count).join('\n');

/** Null: the daemon's own user. As root the owner of the folder; packages run scripts, so never root itself. */
async function ownerOf({ host, files }: System, path: string): Promise<FileOwner | null> {
  const stat = await files.stat(path);
  return userOf(host, stat === null || stat.uid === 0 ? {} : { user: { uid: stat.uid, gid: stat.gid } });
}
