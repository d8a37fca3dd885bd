import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { shellArguments } from './shell-line.ts';

/** A program that says when it is there, and ends itself in its own time when it is asked to. */
const PROGRAM = `node -e 'process.on("SIGTERM", () => setTimeout(() => { console.log("asked"); process.exit(7); }, 50)); setInterval(() => undefined, 1000); console.log("here " + process.env.FOO + " " + process.cwd());'`;

async function runUntilAsked(line: string): Promise<{ output: string; code: number | null; signal: string | null }> {
  const child = spawn('/bin/sh', shellArguments(line), {
    cwd: '/',
    detached: true,
    env: { ...process.env, FOO: 'unset' },
  });
  let output = '';
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    if (chunk.includes('here')) process.kill(child.pid ?? 0, 'SIGTERM');
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  return { output, code, signal };
}

describe('a command of a project', () => {
  it.each([
    ['plain', PROGRAM, 'here unset /'],
    ['with a folder', `cd /tmp && ${PROGRAM}`, 'here unset /tmp'],
    ['with a variable', `FOO=1 ${PROGRAM}`, 'here 1 /'],
    ['with both', `cd /tmp && FOO=1 ${PROGRAM}`, 'here 1 /tmp'],
    ['in a pipe', `${PROGRAM} | sh -c 'trap "" TERM; cat'`, 'here unset /'],
    ['in parentheses', `(cd /tmp; ${PROGRAM})`, 'here unset /tmp'],
    ['with a comment', `${PROGRAM} # not }`, 'here unset /'],
    ['in two lines', `cd /tmp\n${PROGRAM}`, 'here unset /tmp'],
  ])('%s runs, and SIGTERM of the shell reaches it', async (_, line, says) => {
    const { output } = await runUntilAsked(line);
    expect(output).toContain(says);
    expect(output).toContain('asked');
  });

  it('does not begin what comes after the program that was asked to end', async () => {
    const { output, code } = await runUntilAsked(`${PROGRAM}; echo after`);
    expect(output).not.toContain('after');
    expect(code).toBe(143);
  });

  it.each([
    ['exit 3', 3],
    ['cd / && sh -c "exit 4"', 4],
    ['true', 0],
  ])('%s ends with %i', async (line, expected) => {
    const child = spawn('/bin/sh', shellArguments(line));
    expect((await once(child, 'close'))[0]).toBe(expected);
  });

  it('that is one program takes the place of the shell', () => {
    expect(shellArguments('npm run dev -- --port $PORT')).toEqual(['-c', 'exec npm run dev -- --port $PORT']);
  });
});
