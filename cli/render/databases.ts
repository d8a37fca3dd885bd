/** The databases of all servers in one table; a server without one, or that does not run, has a line of its own. */
import type { OutputOf } from '../../contract/index.ts';
import { formatBytes, paint, renderTable } from './style.ts';

export function renderDatabases(engines: OutputOf<'databases.list'>): string {
  if (engines.length === 0) return paint('dim', 'no database server is part of the stack');
  const rows = engines.flatMap(({ id, running, databases }) => {
    if (!running) return [[id, paint('dim', `not running: koji start ${id}`)]];
    if (databases.length === 0) return [[id, paint('dim', `none yet: koji db create ${id} NAME`)]];
    return databases.map(({ name, sizeBytes, tables }) => [
      id,
      paint('bold', name),
      formatBytes(sizeBytes),
      tables === null ? '' : String(tables),
    ]);
  });
  return renderTable(['SERVER', 'DATABASE', 'SIZE', 'TABLES'], rows);
}
