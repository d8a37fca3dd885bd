/** What runs, on disk, so that the next daemon can take it over. Written synchronously: the daemon may die between any two lines. */
import { mkdirSync, readdirSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { withPath } from '../../../contract/disk-error.ts';

export const IdentitySchema = z.object({
  pid: z.int().positive(),
  startTicks: z.number(),
  bootId: z.string(),
  executable: z.string(),
});

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
  /** Null when there is none, or a damaged one (which no rename can leave behind, but a broken disk can). */
  read(id: string): HandleRecord | null;
  remove(id: string): void;
  all(): HandleRecord[];
  /** FIFO whose write end the service holds as long as it lives; the path has no links, as procfs shows it. */
  aliveFile(id: string): string;
}

export function createHandleRecords(folder: string): HandleRecords {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const realFolder = realpathSync(folder);
  const fileOf = (id: string): string => join(folder, `${id}.json`);

  const read = (id: string): HandleRecord | null => {
    let value: unknown;
    try {
      value = JSON.parse(readFileSync(fileOf(id), 'utf8'));
    } catch {
      return null;
    }
    const parsed = RecordSchema.safeParse(value);
    return parsed.success ? parsed.data : null;
  };

  return {
    // No fsync: a record only has to outlive the daemon. After a crash of the machine its boot id is void anyway.
    write(record) {
      const temporary = `${fileOf(record.id)}.tmp`;
      try {
        writeFileSync(temporary, JSON.stringify(record), { mode: 0o600 });
        renameSync(temporary, fileOf(record.id));
      } catch (error) {
        rmSync(temporary, { force: true });
        throw withPath(error, folder);
      }
    },
    read,
    remove: (id) => rmSync(fileOf(id), { force: true }),
    all() {
      const found: HandleRecord[] = [];
      for (const name of readdirSync(folder)) {
        if (!name.endsWith('.json')) continue;
        const record = read(name.slice(0, -'.json'.length));
        if (record === null)
          rmSync(join(folder, name)); // What it was about is found by its mark.
        else found.push(record);
      }
      return found;
    },
    aliveFile: (id) => join(realFolder, `${id}.alive`),
  };
}
