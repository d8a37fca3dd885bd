/** Snapshots of databases as a table, with the disk that they are on. */
import type { OutputOf } from '../../contract/index.ts';
import { formatBytes, paint, renderTable } from './style.ts';

export function renderSnapshots({ snapshots, engines, freeBytes }: OutputOf<'databases.snapshots'>): string {
  const free = paint('dim', `${formatBytes(freeBytes)} free`);
  if (snapshots.length === 0) {
    const names = engines.map(({ id }) => id).join(', ');
    return names === ''
      ? paint('dim', 'none')
      : `none yet; take one of ${names}: koji db snapshot ${engines[0]?.id ?? ''} NAME\n${free}`;
  }
  const rows = snapshots.map((snapshot) => [
    snapshot.id,
    snapshot.kind === 'safety' ? `before restoring "${snapshot.name}"` : snapshot.name,
    `${snapshot.runtime} ${snapshot.version}`,
    snapshot.how,
    formatBytes(snapshot.sizeBytes),
    snapshot.createdAt.slice(0, 16).replace('T', ' '),
    stateOf(snapshot),
  ]);
  return `${renderTable(['ID', 'NAME', 'SERVER', 'HOW', 'SIZE', 'TAKEN (UTC)', 'STATE'], rows)}\n${free}`;
}

function stateOf({ complete, engine, runtime, series }: OutputOf<'databases.snapshots'>['snapshots'][number]): string {
  if (!complete) return paint('red', 'damaged');
  return engine === null ? paint('yellow', `needs ${runtime} ${series}`) : paint('green', 'complete');
}
