/** Reading the edge's configuration file. */
import { readFileSync } from 'node:fs';
import { EdgeConfigSchema, type EdgeConfig } from '../contract/edge.ts';

/** Throws with a sentence for the log when the file is missing, half-written or not a configuration. */
export function loadConfig(file: string): EdgeConfig {
  const parsed = EdgeConfigSchema.safeParse(JSON.parse(readFileSync(file, 'utf8')));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new Error(`${file}: ${issue?.path.map(String).join('.') ?? ''}: ${issue?.message ?? 'not a configuration'}`);
}
