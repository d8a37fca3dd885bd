/** Questions in a terminal. Enter takes what stands in brackets; the end of the input (Ctrl-D) counts as Enter. */
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { print } from '../command.ts';
import { paint } from '../render/style.ts';

export const isInteractive = (): boolean => process.stdin.isTTY === true;

/** One line of text; what is not valid is asked again with the reason. @param check the reason, or null when it is fine */
export async function ask(
  question: string,
  fallback: string,
  check: (text: string) => string | null | Promise<string | null> = () => null,
): Promise<string> {
  for (;;) {
    const terminal = createInterface({ input: process.stdin, output: process.stderr });
    const ended = new Promise<string>((resolve) => terminal.once('close', () => resolve('')));
    const given = await Promise.race([
      terminal.question(`${question}${fallback === '' ? '' : ` ${paint('dim', `[${fallback}]`)}`} `),
      ended,
    ]);
    terminal.close();
    const text = given.trim() === '' ? fallback : given.trim();
    const why = await check(text);
    if (why === null) return text;
    process.stderr.write(`  ${paint('yellow', '!')} ${why}\n`);
  }
}

/** One line that is not shown while it is typed. */
export async function askHidden(question: string): Promise<string> {
  process.stderr.write(`${question}: `);
  const silent = new Writable({ write: (_piece, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: silent, terminal: true });
  const ended = new Promise<string>((resolve) => terminal.once('close', () => resolve('')));
  const given = await Promise.race([terminal.question(''), ended]);
  terminal.close();
  process.stderr.write('\n');
  return given;
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
