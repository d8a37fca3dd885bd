/**
 * Suites run side by side. Two stacks that come up in the same instant would both find the usual ports free, so each worker's stacks remember
 * ports of their own from the beginning. The suite newcomer begins with the usual ones.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { firstPort } from '../fixtures/free-port.ts';

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
  const from = firstPort();
  const assigned = Object.fromEntries(Object.entries(OFFSETS).map(([key, offset]) => [key, from + offset]));
  const folder = join(home, 'app/config');
  mkdirSync(folder, { recursive: true, mode: 0o711 });
  const content = { schemaVersion: 1, value: { assigned, ranges: {} } };
  writeFileSync(join(folder, 'ports.json'), JSON.stringify(content), { mode: 0o600 });
}
