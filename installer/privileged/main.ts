/**
 * The privileged helper: one JSON request in, one JSON reply out, then it ends. Started as root through sudo, pkexec, osascript or UAC
 * by a program of the same user, with an empty environment. It reads no setting, no variable and no argument but the request.
 *
 * Exit codes: 0 everything is as asked, 1 something is not, 2 the request was refused, 3 not started as root.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { parseRequest, MAX_REQUEST_BYTES, type PrivilegedReply } from '../../core/privileged/request.ts';
import type { Machine } from './machine.ts';
import { runActions } from './verbs.ts';

const PROGRAM_TIMEOUT_MS = 120_000;
/** For the request to arrive. */
const INPUT_TIMEOUT_MS = 30_000;
const ARGUMENT = /^--request=([A-Za-z0-9+/]+={0,2})$/;
const SYSTEMS: Readonly<Record<string, Machine['system']>> = { linux: 'linux', darwin: 'darwin', win32: 'windows' };

/** Everything up to the limit and one byte more, so that a longer one is seen as such. */
async function readInput(): Promise<string> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of process.stdin as AsyncIterable<Buffer>) {
    pieces.push(piece);
    length += piece.length;
    if (length > MAX_REQUEST_BYTES) break;
  }
  return Buffer.concat(pieces).toString('utf8');
}

/** osascript and UAC pass no stdin, so there the request is the one argument. */
async function readRequest(): Promise<string> {
  const [argument, ...more] = process.argv.slice(2);
  if (argument === undefined) return readInput();
  const encoded = ARGUMENT.exec(argument)?.[1];
  return more.length > 0 || encoded === undefined ? '' : Buffer.from(encoded, 'base64').toString('utf8');
}

function run(program: string, args: readonly string[], input?: string): void {
  const ended = spawnSync(program, args, {
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8' },
    cwd: '/',
    encoding: 'utf8',
    timeout: PROGRAM_TIMEOUT_MS,
    input: input ?? '',
  });
  if (ended.error !== undefined) throw new Error(`${program}: ${ended.error.message}`);
  if (ended.status !== 0)
    throw new Error(
      `${program} ended with ${ended.status ?? ended.signal ?? ''}: ${`${ended.stderr}${ended.stdout}`.trim().slice(-500)}`,
    );
}

interface Ending {
  readonly exitCode: number;
  readonly results: PrivilegedReply['results'];
  readonly message: string;
}
const refuse = (exitCode: number, message: string): Ending => ({ exitCode, results: null, message });

async function main(): Promise<Ending> {
  const system = SYSTEMS[process.platform];
  if (system === undefined) return refuse(2, `the helper does not know ${process.platform}`);
  if (process.getuid !== undefined && process.getuid() !== 0) return refuse(3, 'the helper must be started as root');
  process.umask(0o022);
  const request = parseRequest(await readRequest());
  if ('refused' in request) return refuse(2, request.refused);
  const results = runActions(request.actions, {
    system,
    root: '/',
    now: () => Date.now(),
    run,
    setKernel: (file, value) => writeFileSync(file, `${value}\n`),
  });
  const done = results.every(({ status }) => status === 'changed' || status === 'unchanged');
  return { exitCode: done ? 0 : 1, results, message: '' };
}

// Whoever started it and never says anything does not leave a root process behind.
const deadline = setTimeout(() => process.exit(2), INPUT_TIMEOUT_MS);
const { exitCode, results, message } = await main();
clearTimeout(deadline);
const answer: PrivilegedReply = { version: 1, results, message };
process.stdout.write(`${JSON.stringify(answer)}\n`, () => process.exit(exitCode));
