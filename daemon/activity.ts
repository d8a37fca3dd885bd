/** Keeps the commands of the last days: in memory for the UI, and as JSON lines on disk, so that they outlive the daemon. */
import { appendFileSync, existsSync, readFileSync, renameSync, statSync } from 'node:fs';
import { z } from 'zod';
import { ActivityEntrySchema, type ActivityEntry, type Caller } from '../contract/activity.ts';
import type { Change } from '../contract/changes.ts';
import type { Operation } from '../contract/define.ts';
import { HIDDEN, hidePrivate } from '../contract/private-values.ts';
import type { ErrorBody } from '../contract/errors.ts';
import type { Logger } from '../core/system/logger.ts';

const KEPT = 1000;
const MAX_FILE_BYTES = 1024 * 1024;
const MAX_PARAMS = 300;
const KEPT_ENDS = 50;

export interface Activity {
  list(limit: number): ActivityEntry[];
  /** Queries are left out. */
  add(operation: Operation, call: ActivityCall): void;
  /** How the change that an operation began has ended; a change that no operation began is left out. */
  ended(change: Change): void;
}

export interface ActivityCall {
  readonly params: unknown;
  readonly by: Caller;
  readonly error: ErrorBody | null;
  readonly durationMs: number;
  /** The change that it began or joined. */
  readonly changeId: string | null;
}

/** @param file JSON lines; an unreadable line is left out */
export function openActivity(
  file: string,
  options: { readonly log: Logger; mask(text: string): string; publish(entry: ActivityEntry): void },
): Activity {
  const entries = readEntries(file).map(asInterrupted);
  /** Entries by the change that they wait for; several may wait for the same one. */
  const open = new Map<string, string[]>();
  /** The newest changes that ended: a short one ends before its operation is answered. */
  const ended = new Map<string, Change>();
  let next = Number(entries.at(-1)?.id ?? 0) + 1;

  const write = (entry: ActivityEntry): void => {
    try {
      if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > MAX_FILE_BYTES) renameSync(file, `${file}.1`);
      appendFileSync(file, `${JSON.stringify(entry)}\n`, { mode: 0o600 });
    } catch (cause) {
      // The command itself was done; the list in memory has it.
      options.log.warn('cannot write the activity log', { file, error: String(cause) });
    }
    options.publish(entry);
  };

  const settle = (change: Change): void => {
    const ids = open.get(change.id) ?? [];
    open.delete(change.id);
    for (const id of ids) {
      const at = entries.findIndex((entry) => entry.id === id);
      const begun = entries[at];
      if (begun === undefined || change.status === 'running') continue;
      const entry: ActivityEntry = {
        ...begun,
        status: change.status,
        error: change.error === null ? '' : options.mask(`${change.error.code}: ${change.error.message}`),
        durationMs: Math.max(begun.durationMs, Date.parse(change.endedAt ?? begun.at) - Date.parse(begun.at)),
      };
      entries[at] = entry;
      // A second line with the same id: the newer one counts.
      write(entry);
    }
  };

  return {
    list: (limit) => entries.slice(-limit).reverse(),
    add(operation, { params, by, error, durationMs, changeId }) {
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
      write(entry);
      if (entry.status !== 'begun' || changeId === null) return;
      open.set(changeId, [...(open.get(changeId) ?? []), entry.id]);
      const end = ended.get(changeId);
      if (end !== undefined) settle(end);
    },
    ended(change) {
      if (change.status === 'running') return;
      ended.set(change.id, change);
      for (const id of ended.keys()) if (ended.size > KEPT_ENDS) ended.delete(id);
      settle(change);
    },
  };
}

/** Its change ended with the daemon that ran it, or went on in a program of its own. */
const asInterrupted = (entry: ActivityEntry): ActivityEntry =>
  entry.status === 'begun' ? { ...entry, status: 'interrupted' } : entry;

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
  const byId = new Map<string, ActivityEntry>();
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const parsed = Entry.safeParse(line);
    if (parsed.success) byId.set(parsed.data.id, parsed.data);
  }
  return [...byId.values()].slice(-KEPT);
}
