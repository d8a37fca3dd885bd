/** What runs, on disk, so that the next daemon can take it over. Written synchronously: the daemon may die between any two lines. */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const IdentitySchema = z.object({ pid: z.int(), startTicks: z.number(), bootId: z.string(), executable: z.string() });

const RecordSchema = z.object({
  id: z.string(),
  fingerprint: z.string(),
  launchedAt: z.number(),
  bootId: z.string(),
  /** Clock ticks since boot when the launch began; what started before is not ours. */
  intentTicks: z.number(),
  executable: z.string(),
  /** Value of KOJIBOX_SERVICE in the environment of the service. */
  marker: z.string(),
  /** Null between the decision to launch and the launch. */
  identity: IdentitySchema.nullable(),
});
export type HandleRecord = z.infer<typeof RecordSchema>;

export interface HandleRecords {
  write(record: HandleRecord): void;
  remove(id: string): void;
  all(): HandleRecord[];
  /** FIFO whose write end the service holds as long as it lives. */
  aliveFile(id: string): string;
}

export function createHandleRecords(folder: string): HandleRecords {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = (id: string): string => join(folder, `${id}.json`);
  return {
    write(record) {
      const temporary = `${file(record.id)}.tmp`;
      writeFileSync(temporary, JSON.stringify(record), { mode: 0o600 });
      renameSync(temporary, file(record.id));
    },
    remove: (id) => rmSync(file(id), { force: true }),
    all: () =>
      readdirSync(folder)
        .filter((name) => name.endsWith('.json'))
        .flatMap((name) => {
          const parsed = RecordSchema.safeParse(parseJson(readFileSync(join(folder, name), 'utf8')));
          // A damaged record names nothing that could be found again; a stray process is still found by its marker.
          if (!parsed.success) rmSync(join(folder, name));
          return parsed.success ? [parsed.data] : [];
        }),
    aliveFile: (id) => join(folder, `${id}.alive`),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // Half-written: the schema refuses it.
  }
}
