/** How the helper is started with more rights: a pure function from what this machine has to the command. sudo(8), pkexec(1). */
import type { PrivilegedSystem } from './places.ts';

export interface ElevationFacts {
  readonly system: PrivilegedSystem;
  readonly isRoot: boolean;
  /** Absolute paths of root's own programs, null where they are not installed. Never from PATH. */
  readonly sudo: string | null;
  readonly pkexec: string | null;
  /** A desktop session that can show a dialog. */
  readonly graphical: boolean;
  /** A terminal in which a password can be asked for. */
  readonly terminal: boolean;
  readonly program: {
    /** Absolute paths of Node and of the helper. */
    readonly node: string;
    readonly helper: string;
    /** Node is Electron's own binary and needs to be told. */
    readonly electron: boolean;
  };
}

export interface Elevation {
  readonly way: 'root' | 'sudo' | 'sudo-without-asking' | 'pkexec' | 'osascript' | 'uac';
  readonly command: readonly [string, ...string[]];
  /** Text for stdin; empty where the request is part of the command. */
  readonly input: string;
  /** Whether a person is asked, who may take their time. */
  readonly asks: boolean;
}

const PATH = 'PATH=/usr/sbin:/usr/bin:/sbin:/bin';
const PROMPT = '[kojibox] password of %u for the change above: ';

/**
 * The best way here, or null when there is none. `env -i` clears what sudo may keep (NODE_OPTIONS and the like would run code as root);
 * pkexec clears everything by itself.
 *
 * @param request JSON for the helper
 */
export function planElevation(facts: ElevationFacts, request: string): Elevation | null {
  const { node, helper, electron } = facts.program;
  if (facts.system === 'windows') return facts.graphical ? uac(facts, request) : null;
  const clean = ['/usr/bin/env', '-i', PATH, ...(electron ? ['ELECTRON_RUN_AS_NODE=1'] : []), node, helper];
  const plan = (way: Elevation['way'], asks: boolean, ...command: [string, ...string[]]): Elevation => ({
    way,
    command,
    input: request,
    asks,
  });
  if (facts.isRoot) return plan('root', false, '/usr/bin/env', ...clean.slice(1));
  if (facts.terminal && facts.sudo !== null) return plan('sudo', true, facts.sudo, '-p', PROMPT, '--', ...clean);
  if (facts.system === 'darwin') return facts.graphical ? osascript(clean, request) : null;
  if (facts.graphical && facts.pkexec !== null)
    return plan('pkexec', true, facts.pkexec, ...(electron ? clean : [node, helper]));
  if (facts.sudo !== null) return plan('sudo-without-asking', false, facts.sudo, '-n', '--', ...clean);
  return null;
}

const base64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64');
const quoteForShell = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

/** `do shell script` has no stdin, so the request is an argument; base64 needs no quotes. */
function osascript(clean: readonly string[], request: string): Elevation {
  const line = [...clean.map(quoteForShell), `--request=${base64(request)}`].join(' ');
  const literal = line.replaceAll('\\', '\\\\').replaceAll('"', '\\"');
  return {
    way: 'osascript',
    command: [
      '/usr/bin/osascript',
      '-e',
      `do shell script "${literal}" with prompt "Kojibox wants to change this system." with administrator privileges`,
    ],
    input: '',
    asks: true,
  };
}

/** Start-Process -Verb RunAs passes neither stdin nor stdout: the request is an argument, the exit code is the answer. */
function uac({ program }: ElevationFacts, request: string): Elevation {
  const quote = (text: string): string => `'${text.replaceAll("'", "''")}'`;
  const script = [
    ...(program.electron ? ["$env:ELECTRON_RUN_AS_NODE = '1'"] : []),
    'Remove-Item Env:NODE_OPTIONS -ErrorAction SilentlyContinue',
    `try { $p = Start-Process -FilePath ${quote(program.node)} -ArgumentList ${quote(`"${program.helper}"`)}, ${quote(`--request=${base64(request)}`)} -Verb RunAs -WindowStyle Hidden -Wait -PassThru } catch { exit 1223 }`,
    'exit $p.ExitCode',
  ].join('; ');
  return {
    way: 'uac',
    command: [
      'C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe',
      '-NoProfile',
      '-NonInteractive',
      '-EncodedCommand',
      Buffer.from(script, 'utf16le').toString('base64'),
    ],
    input: '',
    asks: true,
  };
}
