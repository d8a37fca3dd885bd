/** Keeps the commands of the last days: in memory for the UI, and as JSON lines on disk, so that they outlive the daemon. */
import { appendFileSync, existsSync, readFileSync, renameSync, statSync } from 'node:fs';
import { z } from 'zod';
import { ActivityEntrySchema, type ActivityEntry, type Caller } from '../contract/activity.ts';
import type { Operation } from '../contract/define.ts';
import { HIDDEN, hidePrivate } from '../contract/private-values.ts';
import type { ErrorBody } from '../contract/errors.ts';
import type { Logger } from '../core/system/logger.ts';

const KEPT = 1000;
const MAX_FILE_BYTES = 1024 * 1024;
const MAX_PARAMS = 300;

export interface Activity {
  list(limit: number): ActivityEntry[];
  /** Queries are left out. */
  add(operation: Operation, call: { params: unknown; by: Caller; error: ErrorBody | null; durationMs: number }): void;
}

/** @param file JSON lines; an unreadable line is left out */
export function openActivity(
  file: string,
  options: { readonly log: Logger; mask(text: string): string; publish(entry: ActivityEntry): void },
): Activity {
  const entries = readEntries(file);
  let next = Number(entries.at(-1)?.id ?? 0) + 1;

  return {
    list: (limit) => entries.slice(-limit).reverse(),
    add(operation, { params, by, error, durationMs }) {
      if (operation.kind !== 'command') return;
      const entry: ActivityEntry = {
        id: String(next++),
        at: new Date().toISOString(),
        method: operation.name,
        by,
        params: options.mask(describe(operation, params)),
        status: error !== null ? 'failed' : operation.returnsChange === true ? 'begun' : 'done',
        error: error === null ? '' : options.mask(`${error.code}: ${error.message}`),
        durationMs: Math.round(durationMs * 10) / 10,
      };
      entries.push(entry);
      if (entries.length > KEPT) entries.shift();
      try {
        if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > MAX_FILE_BYTES) renameSync(file, `${file}.1`);
        appendFileSync(file, `${JSON.stringify(entry)}\n`, { mode: 0o600 });
      } catch (cause) {
        // The command itself was done; the list in memory has it.
        options.log.warn('cannot write the activity log', { file, error: String(cause) });
      }
      options.publish(entry);
    },
  };
}

/** Fields whose values are never kept, beside those that the contract marks as private. An address of a repository may hold a password. */
const NEVER_KEPT = ['value', 'password', 'source'];

function describe(operation: Operation, params: unknown): string {
  const given = hidePrivate(operation.input, params) as Readonly<Record<string, unknown>>;
  const text = JSON.stringify(given, (name, value: unknown) =>
    NEVER_KEPT.includes(name) && typeof value === 'string' ? HIDDEN : value,
  );
  return text.length > MAX_PARAMS ? `${text.slice(0, MAX_PARAMS)}…` : text;
}

function readEntries(file: string): ActivityEntry[] {
  if (!existsSync(file)) return [];
  const Line = z.string().transform((text, context): unknown => {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      context.addIssue('not JSON'); // Cut off by a crash or a full disk.
      return z.NEVER;
    }
  });
  const Entry = Line.pipe(ActivityEntrySchema);
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const parsed = Entry.safeParse(line);
      return parsed.success ? [parsed.data] : [];
    })
    .slice(-KEPT);
}
