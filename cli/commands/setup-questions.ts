/**
 * Questions in a terminal. Enter takes what stands in brackets; the end of the input (Ctrl-D) counts as Enter. Ctrl-C answers nothing: it ends the
 * command with CANCELLED.
 */
import { createInterface, type Interface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { KojiboxError } from '../../contract/errors.ts';
import { print } from '../command.ts';
import { paint } from '../render/style.ts';
import { writeError } from '../render/terminal-text.ts';

export const isInteractive = (): boolean => process.stdin.isTTY === true;

/** One line of text; what is not valid is asked again with the reason. @param check the reason, or null when it is fine */
export async function ask(
  question: string,
  fallback: string,
  check: (text: string) => string | null | Promise<string | null> = () => null,
): Promise<string> {
  for (;;) {
    const terminal = createInterface({ input: process.stdin, output: process.stderr });
    const given = await answerOf(terminal, `${question}${fallback === '' ? '' : ` ${paint('dim', `[${fallback}]`)}`} `);
    const text = given.trim() === '' ? fallback : given.trim();
    const why = await check(text);
    if (why === null) return text;
    writeError(`  ${paint('yellow', '!')} ${why}\n`);
  }
}

/** One line that is not shown while it is typed. */
export async function askHidden(question: string): Promise<string> {
  const silent = new Writable({ write: (_piece, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: silent, terminal: true });
  // The echo is off by now: what is typed the moment the question is there does not show.
  writeError(`${question}: `);
  return answerOf(terminal, '', false);
}

/**
 * Closes the terminal, which gives back its echo, whatever comes.
 *
 * @param echoes whether the Enter that ends the answer moves to the next line by itself
 */
async function answerOf(terminal: Interface, prompt: string, echoes = true): Promise<string> {
  let isEntered = false;
  try {
    return await new Promise((resolve, reject) => {
      // In raw mode the key comes here, and the process gets no signal. Without a listener it would close, as Ctrl-D does.
      terminal.once('SIGINT', () => {
        const detail = 'Ctrl-C was pressed';
        reject(new KojiboxError('CANCELLED', 'the questions were broken off', { detail, source: 'cli' }));
      });
      terminal.once('close', () => resolve(''));
      terminal.question(prompt).then((text) => {
        isEntered = true;
        resolve(text);
      }, reject);
    });
  } finally {
    terminal.close();
    if (!isEntered || !echoes) writeError('\n');
  }
}

export async function askYes(question: string, fallback: boolean): Promise<boolean> {
  const answer = await ask(question, fallback ? 'Y/n' : 'y/N', (text) =>
    /^(y|yes|n|no|y\/n)$/i.test(text) ? null : 'Please answer y or n.',
  );
  return /^y\/n$/i.test(answer) ? fallback : /^y/i.test(answer);
}

/** A numbered list; @returns the index of the choice */
export async function choose(question: string, options: readonly string[], fallback: number): Promise<number> {
  options.forEach((option, index) => print(`  ${index + 1}  ${option}`));
  const answer = await ask(question, String(fallback + 1), (text) =>
    /^\d+$/.test(text) && Number(text) >= 1 && Number(text) <= options.length
      ? null
      : `A number from 1 to ${options.length}.`,
  );
  return Number(answer) - 1;
}
