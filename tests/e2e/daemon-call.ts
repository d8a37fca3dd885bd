/** The daemon behind the page, asked through the command line. */
import { execFileSync } from 'node:child_process';

/** Throws with what `koji` printed when the answer is an error. */
export const call = (method: string, params: unknown = {}, env: NodeJS.ProcessEnv = process.env): unknown =>
  JSON.parse(execFileSync('./koji', ['call', method, JSON.stringify(params)], { encoding: 'utf8', env })) as unknown;
