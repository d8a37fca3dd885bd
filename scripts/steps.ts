/** Running the steps of a check one after another, with a line and a time each. */
import { spawn } from 'node:child_process';

export interface Step {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface StepResult {
  readonly ok: boolean;
  readonly output: string;
}

/** @param loud passes the output on while it comes; otherwise it is shown only when the step fails */
export async function runStep({ name, command, args, env }: Step, loud = false): Promise<StepResult> {
  const began = performance.now();
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, npm_config_nodedir: undefined, ...env },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (loud) process.stdout.write(text);
    });
  }
  const code = await new Promise<number | null>((resolve) => {
    child.on('error', (error) => {
      output += error.message;
      resolve(127);
    });
    child.on('close', resolve);
  });
  const ok = code === 0;
  process.stdout.write(`${ok ? '✓' : '✗'} ${name} (${((performance.now() - began) / 1000).toFixed(1)} s)\n`);
  if (!ok && !loud) process.stdout.write(`${output}\n`);
  return { ok, output };
}

/** A program that a package of the project brings. */
export const tool = (name: string): string => `node_modules/.bin/${name}`;
