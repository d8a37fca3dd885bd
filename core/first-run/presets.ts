/** Ready-made stacks, and what each of them fetches. */
import type { ChoosableService, FirstRunAnswers, FirstRunStatus } from '../../contract/first-run.ts';
import type { RuntimeListEntry } from '../../contract/runtimes.ts';

export const PRESETS: readonly { id: string; services: ChoosableService[]; node: boolean }[] = [
  { id: 'everything', services: ['php', 'postgres', 'mariadb', 'redis'], node: true },
  { id: 'standard', services: ['php', 'postgres', 'mariadb', 'redis'], node: false },
  { id: 'php-mariadb', services: ['php', 'mariadb'], node: false },
  { id: 'php-postgres-redis', services: ['php', 'postgres', 'redis'], node: false },
  { id: 'node-postgres', services: ['postgres'], node: true },
];

const CHOSEN = ['php', 'postgres', 'mariadb', 'redis', 'node'];

/** What can be fetched for the choices, the standard version of each first. */
export function downloadsOf(runtimes: readonly RuntimeListEntry[]): FirstRunStatus['downloads'] {
  return CHOSEN.flatMap((name) =>
    runtimes
      .filter((entry) => entry.name === name)
      .sort((a, b) => Number(b.isDefault) - Number(a.isDefault))
      .map(({ series, size, installed }) => ({ name, series, size, installed: installed !== null })),
  );
}

/** Bytes that these answers have yet to fetch. */
export function missingBytes(
  answers: Pick<FirstRunAnswers, 'services' | 'node' | 'phpVersion' | 'nodeVersion'>,
  downloads: FirstRunStatus['downloads'],
): number {
  const wanted = [...answers.services, ...(answers.node ? ['node'] : [])];
  const versions: Readonly<Record<string, string | null>> = { php: answers.phpVersion, node: answers.nodeVersion };
  return wanted.reduce((sum, name) => {
    const series = versions[name] ?? null;
    const entry = downloads.find((one) => one.name === name && (series === null || one.series === series));
    return sum + (entry === undefined || entry.installed ? 0 : entry.size);
  }, 0);
}
