/** Two programs joined by a pipe that can be watched. Neither outlives the other, nor a cancel. */
import { spawn, type ChildProcess } from 'node:child_process';
import { Transform } from 'node:stream';
import type { FileOwner } from '../../core/system/files.ts';
import type { ForeignServers } from '../../core/databases/server-import/foreign-server.ts';

/** Of what a program says at its end. */
const KEPT_OUTPUT = 4000;

export const pipe: ForeignServers['pipe'] = async (from, to, { signal, through, fromUser, toUser }) => {
  signal.throwIfAborted();
  const start = (
    { command, args, env }: typeof from,
    stdio: ['ignore' | 'pipe', 'pipe' | 'ignore', 'pipe'],
    user: FileOwner | undefined,
  ): ChildProcess =>
    spawn(command, args, {
      env: { ...env },
      cwd: '/',
      stdio,
      ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }),
    });
  const source = start(from, ['ignore', 'pipe', 'pipe'], fromUser);
  const sink = start(to, ['pipe', 'ignore', 'pipe'], toUser);
  const end = (): void => {
    source.kill('SIGKILL');
    sink.kill('SIGKILL');
    // No one takes the rest, and a stream that is not read to its end is never closed.
    source.stdout?.destroy();
  };
  signal.addEventListener('abort', end, { once: true });

  let first: 'from' | 'to' | null = null;
  const ended = (child: ChildProcess, side: 'from' | 'to'): Promise<string> =>
    new Promise((resolve, reject) => {
      let said = '';
      child.stderr?.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-KEPT_OUTPUT)));
      child.on('error', (error) => {
        end();
        reject(error);
      });
      child.on('exit', (code) => {
        if (code === 0) return;
        first ??= side;
        end();
      });
      child.on('close', () => resolve(said));
    });
  const watch = new Transform({
    transform: (piece: Buffer, _, done) => done(null, through(piece)),
  });
  if (source.stdout === null || sink.stdin === null) throw new Error('a pipe was asked for');
  // A broken pipe: the program at its other end has ended, and its exit tells why.
  sink.stdin.on('error', () => undefined);
  watch.on('error', end);
  source.stdout.pipe(watch).pipe(sink.stdin);
  try {
    const [sourceSaid, sinkSaid] = await Promise.all([ended(source, 'from'), ended(sink, 'to')]);
    signal.throwIfAborted();
    if (first === null) return null;
    return { side: first, output: (first === 'from' ? sourceSaid : sinkSaid).trim() };
  } finally {
    signal.removeEventListener('abort', end);
    end();
  }
};
