/** Starts the privileged helper: facts of this machine, one run, its results. */
import { spawn } from 'node:child_process';
import { existsSync, lstatSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { KojiboxError } from '../../contract/errors.ts';
import { planElevation, type Elevation, type ElevationFacts } from '../../core/privileged/elevation.ts';
import { denied, readOutcome } from '../../core/privileged/outcome.ts';
import { unsafeProgram, type PathOwner } from '../../core/privileged/program-safety.ts';
import { parseRequest, type PrivilegedAction, type PrivilegedResult } from '../../core/privileged/request.ts';
import type { HostFacts } from '../../core/system/system.ts';

/** No one is asked, so it takes as long as a trust store takes to be rebuilt. */
const TIMEOUT_MS = 120_000;
/** A person may look for the password. */
const ASKING_TIMEOUT_MS = 300_000;

export interface Privileges {
  /** How this daemon itself would do it, or null. */
  way(): Elevation['way'] | null;
  /** How a client with a terminal does it; null where that cannot be. Throws PERMISSION_DENIED for a helper that others can change. */
  forTerminal(actions: readonly PrivilegedAction[], interactive: boolean): Elevation | null;
  /** Runs the helper. Rejects with CANCELLED, or PERMISSION_DENIED and the commands for a person. */
  run(actions: readonly PrivilegedAction[], byHand: readonly string[]): Promise<PrivilegedResult[]>;
}

export function createPrivileges(options: { readonly host: HostFacts; readonly helper: string }): Privileges {
  const { host, helper } = options;
  const program = { node: process.execPath, helper, electron: process.versions['electron'] !== undefined };

  const facts = (terminal: boolean, graphical: boolean): ElevationFacts => ({
    system: host.os,
    isRoot: host.isRoot,
    // The last one of each is that of NixOS.
    sudo: firstOf('/usr/bin/sudo', '/usr/local/bin/sudo', '/run/wrappers/bin/sudo'),
    pkexec: firstOf('/usr/bin/pkexec', '/run/wrappers/bin/pkexec'),
    graphical,
    terminal,
    program,
  });
  /** For tests, and for who never wants to be asked. */
  const isOff = host.environment['KOJIBOX_ELEVATION'] === 'off';
  const plan = (terminal: boolean, graphical: boolean, request: string): Elevation | null =>
    isOff ? null : planElevation(facts(terminal, graphical), request);
  const graphical = (): boolean =>
    host.os !== 'linux' ||
    Boolean(host.environment['DISPLAY'] ?? '') ||
    Boolean(host.environment['WAYLAND_DISPLAY'] ?? '');

  const assertSafe = (): void => {
    if (host.os === 'windows') return;
    const user = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
    for (const file of [program.node, program.helper]) {
      const wrong = unsafeProgram(chainOf(file), user);
      if (wrong !== null)
        throw new KojiboxError('PERMISSION_DENIED', 'cannot start the privileged helper safely', {
          detail: `${wrong}, so it is not run as root`,
          source: 'privileged',
          remedy: 'Install Kojibox in a folder that only you or root may write.',
        });
    }
  };
  const request = (actions: readonly PrivilegedAction[], byHand: readonly string[] = []): string => {
    const text = JSON.stringify({ version: 1, actions: [...actions] });
    const parsed = parseRequest(text);
    if ('refused' in parsed) throw denied(`the privileged helper does not take this: ${parsed.refused}`, byHand);
    return text;
  };

  return {
    way: () => plan(false, graphical(), '')?.way ?? null,

    forTerminal(actions, interactive) {
      assertSafe();
      return plan(interactive, false, request(actions));
    },

    async run(actions, byHand) {
      const elevation = plan(false, graphical(), request(actions, byHand));
      if (elevation === null) throw denied('there is no way to ask for more rights here', byHand);
      assertSafe();
      const ending = await start(elevation);
      return readOutcome(elevation, ending, actions, byHand);
    },
  };
}

const firstOf = (...paths: readonly string[]): string | null => paths.find((path) => existsSync(path)) ?? null;

/** The file with links resolved, and every folder above it. */
function chainOf(file: string): PathOwner[] {
  const chain: PathOwner[] = [];
  for (let path = realpathSync(file); ; path = dirname(path)) {
    const { uid, gid, mode } = lstatSync(path);
    chain.push({ path, uid, gid, mode });
    if (path === dirname(path)) return chain;
  }
}

function start({
  command,
  input,
  asks,
}: Elevation): Promise<{ exitCode: number | null; stdout: string; stderr: string }> {
  const [file, ...args] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd: '/', stdio: ['pipe', 'pipe', 'pipe'] });
    const output = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const)
      child[name].setEncoding('utf8').on('data', (text: string) => (output[name] += text));
    // sudo and pkexec are root's: they cannot be ended from here, only left alone.
    const timer = setTimeout(
      () => {
        child.unref();
        for (const stream of [child.stdout, child.stderr]) stream.destroy();
        reject(
          new KojiboxError('UNAVAILABLE', 'the question for more rights was not answered', {
            detail: `waited ${(asks ? ASKING_TIMEOUT_MS : TIMEOUT_MS) / 1000} s for ${file}`,
            source: 'privileged',
            remedy: 'Start it again and answer the dialog, or use koji in a terminal.',
          }),
        );
      },
      asks ? ASKING_TIMEOUT_MS : TIMEOUT_MS,
    );
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on('close', (exitCode) => {
      clearTimeout(timer);
      resolve({ exitCode, ...output });
    });
    child.stdin.on('error', () => undefined); // It ended before it read; its exit code tells more.
    child.stdin.end(input);
  });
}
