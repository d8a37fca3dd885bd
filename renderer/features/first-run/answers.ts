/** What one step of the wizard gives to the next: its part of the answers. */
import type { FirstRunAnswers, FirstRunStatus } from '../../../contract/first-run.ts';

export type Part = Partial<FirstRunAnswers>;

/** Bytes that a choice has yet to fetch. */
export function bytesOf(
  { downloads }: FirstRunStatus,
  services: readonly string[],
  node: boolean,
  versions: Readonly<Record<string, string | null>> = {},
): number {
  return [...services, ...(node ? ['node'] : [])].reduce((sum, name) => {
    const series = versions[name] ?? null;
    const entry = downloads.find((one) => one.name === name && (series === null || one.series === series));
    return sum + (entry === undefined || entry.installed ? 0 : entry.size);
  }, 0);
}

export const SERVICE_NAMES: Readonly<Record<string, string>> = {
  php: 'PHP',
  postgres: 'PostgreSQL',
  mariadb: 'MariaDB',
  redis: 'Redis',
  node: 'Node',
  mysql: 'MySQL / MariaDB',
};
