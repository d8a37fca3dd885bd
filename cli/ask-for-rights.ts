/** Reaching a goal that needs administrator rights from a terminal: says what will change, starts the helper through sudo, has it checked. */
import { spawn } from 'node:child_process';
import type { Client } from '../client/index.ts';
import type { InputOf } from '../contract/index.ts';
import { KojiboxError } from '../contract/errors.ts';
import { paint } from './render/style.ts';
import { writeError } from './render/terminal-text.ts';

export type Goal = InputOf<'privileged.plan'>;
const MAX_OUTPUT_CHARACTERS = 60_000;

/** Whether a password can be asked for here. */
export const canAskForRights = (): boolean => process.stdin.isTTY === true && process.stderr.isTTY === true;

/**
 * Does nothing without a terminal (then the daemon asks in its own way, or says what to run), and when nothing needs more rights.
 * Rejects with CANCELLED or PERMISSION_DENIED; then nothing was changed.
 */
export async function reachWithRights(client: Client, goal: Goal): Promise<void> {
  if (!canAskForRights()) return;
  const order = await client.call('privileged.begin', { ...goal, interactive: true });
  if (order.command === null) return;
  writeError(`${paint('bold', 'As administrator:')}\n`);
  for (const sentence of order.sentences) writeError(`  ${sentence}\n`);
  const { command, input, ids } = order;
  await withoutInterrupt(async () => {
    const ending = await start(command, input);
    await client.call('privileged.finish', { ...goal, ids, interactive: true, ...ending });
  });
}

/** Ctrl-C at the question is meant for sudo; this process stays, to have the entry in the ledger put right. */
export async function withoutInterrupt<T>(work: () => Promise<T>): Promise<T> {
  const stay = (): void => undefined;
  process.on('SIGINT', stay);
  try {
    return await work();
  } finally {
    process.off('SIGINT', stay);
  }
}

interface Ending {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(command: readonly string[], input: string): Promise<Ending> {
  const [file = '', ...args] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'], cwd: '/' });
    let stdout = '';
    let stderr = '';
    child.stdout
      .setEncoding('utf8')
      .on('data', (text: string) => (stdout = (stdout + text).slice(-MAX_OUTPUT_CHARACTERS)));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-MAX_OUTPUT_CHARACTERS);
      writeError(text);
    });
    child.on('error', (cause) => {
      reject(
        new KojiboxError('PERMISSION_DENIED', `cannot start ${file}`, { detail: cause.message, source: 'cli', cause }),
      );
    });
    child.on('close', (exitCode) => {
      resolve({ exitCode, stdout, stderr });
    });
    child.stdin.on('error', () => undefined); // It ended before it read; its exit code tells more.
    child.stdin.end(input);
  });
}
