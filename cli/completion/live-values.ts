/** Ids that exist now, from a daemon that runs; a Tab key never starts one, and never waits for long. */
import type { Client } from '../../client/index.ts';
import type { ValueSource } from '../../contract/define.ts';
import { findDaemon } from '../daemon-process.ts';
import type { Candidate } from './candidates.ts';

/** Together with the start of koji this stays below the 150 ms after which a Tab feels slow. */
const DEADLINE_MS = 60;

type Source = Exclude<ValueSource, 'folders'>;
type Lookup = (client: Client, given: readonly string[]) => Promise<Candidate[]>;

const LOOKUPS: Readonly<Record<Source, Lookup>> = {
  services: async (client) =>
    (await client.call('services.list', {})).map(({ id, name, state }) => ({
      value: id,
      meaning: `${name}, ${state}`,
    })),
  logs: async (client, given) => [
    ...(await LOOKUPS.services(client, given)),
    ...(await LOOKUPS.projects(client, given)),
  ],
  projects: async (client) =>
    (await client.call('config.listProjects', {})).map(({ id, domain }) => ({ value: id, meaning: domain })),
  domains: async (client) =>
    (await client.call('domains.list', {})).map(({ domain, projectId }) => ({ value: domain, meaning: projectId })),
  runtimes: async (client) => {
    const series = Map.groupBy(await client.call('runtime.list', {}), ({ name }) => name);
    return [...series].map(([value, entries]) => ({ value, meaning: entries.map((entry) => entry.series).join(', ') }));
  },
  'runtime-versions': async (client, [name]) =>
    (await client.call('runtime.list', {}))
      .filter((entry) => entry.name === name)
      .map(({ series, installed }) => ({ value: series, meaning: installed === null ? 'not installed' : 'installed' })),
  snapshots: async (client) =>
    (await client.call('databases.snapshots', {})).snapshots.map(({ id, name }) => ({ value: id, meaning: name })),
  changes: async (client) =>
    (await client.call('changes.list', {}))
      .filter(({ status }) => status === 'running')
      .map(({ id, summary }) => ({ value: id, meaning: summary })),
  'system-changes': async (client) =>
    (await client.call('ledger.list', {}))
      .filter(({ undoneAt }) => undoneAt === null)
      .map(({ id, summary }) => ({ value: id, meaning: summary })),
};

/** @returns nothing when no daemon runs, or it does not answer in time */
export async function findLiveValues(source: Source, given: readonly string[]): Promise<Candidate[]> {
  let client: Client | null = null;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Candidate[]>((resolve) => {
    timer = setTimeout(() => resolve([]), DEADLINE_MS);
  });
  const ask = async (): Promise<Candidate[]> => {
    client = await findDaemon();
    return client === null ? [] : LOOKUPS[source](client, given);
  };
  try {
    // Whatever fails, a line of error text in the middle of a prompt would help no one.
    return await Promise.race([ask().catch(() => []), late]);
  } finally {
    clearTimeout(timer);
    (client as Client | null)?.close();
  }
}
