/** The archive program as the daemon sees it: started when something is asked, ended when nothing was asked for a while. */
import { spawn, type ChildProcess } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { basename } from 'node:path';
import type { z } from 'zod';
import { KojiboxError } from '../../../contract/errors.ts';
import { ANSWERS, ReplySchema, type Failure, type Question } from './protocol.ts';

/** The runtimes of a stack follow each other more closely; the indexes stay in its memory until then. */
const IDLE_MS = 10_000;

type Answer<Ask extends Question['ask']> = z.output<(typeof ANSWERS)[Ask]>;

export interface ArchiveProgram {
  /**
   * Rejects with DIGEST_MISMATCH (the file is gone then), ARCHIVE_UNSAFE, DOWNLOAD_FAILED for an archive that contradicts itself, or with a code of
   * the system. When `signal` aborts it rejects after the program has let go of the work.
   */
  ask<Ask extends Question['ask']>(
    question: Extract<Question, { ask: Ask }>,
    signal: AbortSignal,
  ): Promise<Answer<Ask>>;
}

interface Waiting {
  resolve(answer: unknown): void;
  reject(error: unknown): void;
}

interface Running {
  readonly child: ChildProcess;
  readonly waiting: Map<number, Waiting>;
}

/** @param program main.ts of this folder, or its bundle */
export function createArchiveProgram(program: string): ArchiveProgram {
  let running: Running | undefined;
  let lastId = 0;
  let idle: NodeJS.Timeout | undefined;

  const start = (): Running => {
    const { NODE_OPTIONS: _options, ...environment } = process.env;
    const child = spawn(process.execPath, ['--no-warnings', program], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      cwd: '/',
      env: { ...environment, ELECTRON_RUN_AS_NODE: '1' },
    });
    const mine: Running = { child, waiting: new Map() };
    let errors = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (errors = `${errors}${text}`.slice(-2000)));
    const giveUp = (why: string): void => {
      if (running === mine) running = undefined;
      for (const { reject } of mine.waiting.values())
        reject(new KojiboxError('INTERNAL', 'cannot read the package archive', { detail: why, source: 'runtime' }));
      mine.waiting.clear();
    };
    child.on('error', (error) => giveUp(error.message));
    child.on('close', (code, signal) => giveUp(errors.trim() || `its program ended (${signal ?? code ?? '?'})`));
    child.on('message', (message) => {
      const reply = ReplySchema.parse(message);
      const asked = mine.waiting.get(reply.id);
      mine.waiting.delete(reply.id);
      if (reply.type === 'done') asked?.resolve(reply.answer);
      else void toError(reply.failure).then((error) => asked?.reject(error));
      if (mine.waiting.size === 0) letRest(mine);
    });
    running = mine;
    return mine;
  };

  /** Neither the program nor the timer keeps a process that wants to end. */
  const letRest = (mine: Running): void => {
    const { child } = mine;
    child.unref();
    child.channel?.unref();
    (child.stderr as unknown as { unref?(): void } | null)?.unref?.();
    clearTimeout(idle);
    idle = setTimeout(() => {
      if (running === mine) running = undefined;
      if (child.connected) child.disconnect();
    }, IDLE_MS).unref();
  };

  return {
    async ask(question, signal) {
      signal.throwIfAborted();
      clearTimeout(idle);
      const { child, waiting } = running ?? start();
      child.ref();
      child.channel?.ref();
      const id = ++lastId;
      const cancel = (): void => void child.send({ type: 'cancel', id });
      signal.addEventListener('abort', cancel, { once: true });
      try {
        const answer = await new Promise<unknown>((resolve, reject) => {
          waiting.set(id, { resolve, reject });
          child.send({ type: 'ask', id, question });
        });
        return ANSWERS[question.ask].parse(answer) as Answer<typeof question.ask>;
      } catch (error) {
        signal.throwIfAborted();
        throw error;
      } finally {
        signal.removeEventListener('abort', cancel);
      }
    },
  };
}

async function toError(failure: Failure): Promise<Error> {
  switch (failure.kind) {
    case 'kojibox':
      return KojiboxError.fromBody(failure.body);
    case 'system':
      return Object.assign(new Error(failure.message), { code: failure.code });
    case 'archive':
      return new KojiboxError('DOWNLOAD_FAILED', 'cannot use the package archive', {
        detail: failure.message,
        source: 'runtime',
      });
    case 'digest':
      await rm(failure.file, { force: true });
      return new KojiboxError('DIGEST_MISMATCH', `cannot trust ${basename(failure.file)}`, {
        detail: 'its sha256 is not the one that was signed for',
        source: 'runtime',
      });
  }
}
