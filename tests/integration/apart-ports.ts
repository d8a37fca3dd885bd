/**
 * Suites run side by side. Two stacks that come up in the same instant would both find the usual ports free, so each worker's stacks remember
 * ports of their own from the beginning. The suites of the project "alone" begin with the usual ones, as a newcomer does.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Below those that the kernel gives to clients; see ip_local_port_range in ip(7). Two checkouts that test at the same time take different ones. */
const FIRST = Number(process.env['KOJIBOX_TEST_FIRST_PORT'] ?? 21_000);
const PER_WORKER = 1000;
const OFFSETS = {
  'edge.http': 80,
  'edge.https': 443,
  'edge.dns': 153,
  'mail.smtp': 25,
  'mariadb.db': 306,
  'postgres.db': 432,
  'redis.redis': 379,
} as const;

/** Before the first daemon of a home; does nothing where suites run one after another. */
export function givePortsApart(home: string): void {
  if (process.env['KOJIBOX_TEST_PORTS'] !== 'apart') return;
  const from = FIRST + PER_WORKER * Number(process.env['VITEST_POOL_ID'] ?? 0);
  const assigned = Object.fromEntries(Object.entries(OFFSETS).map(([key, offset]) => [key, from + offset]));
  const folder = join(home, 'app/config');
  mkdirSync(folder, { recursive: true, mode: 0o711 });
  const content = { schemaVersion: 1, value: { assigned, ranges: {} } };
  writeFileSync(join(folder, 'ports.json'), JSON.stringify(content), { mode: 0o600 });
}
