/** Lines of a dump of MySQL or MariaDB that are for the server it came from, and change nothing of the data. Pure. */
import type { DumpReader } from './engine.ts';

/** What a dump for a database of its own name has (mariadb-dump --databases): here it goes into the one that was chosen. */
const OWN_DATABASE =
  /^(?:(?:CREATE|DROP|ALTER) (?:DATABASE|SCHEMA) .*;|USE \S+\s*;|\/\*!\d+ (?:CREATE|DROP|ALTER) (?:DATABASE|SCHEMA) .*;)\s*$/i;

/** For replication and logs of the server; https://dev.mysql.com/doc/refman/8.4/en/mysqldump.html. The name is what people are shown. */
const OF_THE_SERVER: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/^\s*(?:\/\*!\d+ )?SET @@GLOBAL\.GTID_PURGED\b/i, 'GTID_PURGED'],
  [/^\s*(?:\/\*!\d+ )?SET (?:GLOBAL |@@GLOBAL\.)gtid_slave_pos\b/i, 'gtid_slave_pos'],
  [
    /^\s*(?:\/\*!\d+ )?SET (?:@MYSQLDUMP_TEMP_LOG_BIN\s*=|@@SESSION\.SQL_LOG_BIN\b|(?:SESSION )?sql_log_bin\b)/i,
    'SQL_LOG_BIN',
  ],
  [/^\s*(?:CHANGE (?:MASTER|REPLICATION SOURCE) TO)\b/i, 'CHANGE MASTER'],
  [/^\s*(?:START|STOP|RESET) (?:SLAVE|REPLICA)\b/i, 'START REPLICA'],
  [
    /^\s*(?:\/\*!\d+ )?SET (?:SESSION |@@SESSION\.)information_schema_stats_expiry\b/i,
    'information_schema_stats_expiry',
  ],
  [/^\s*(?:\/\*!\d+ )?FLUSH (?:PRIVILEGES|LOGS|TABLES)\b/i, 'FLUSH'],
];
/** A statement may have several lines: a set of GTIDs has one for each server. */
const ENDS = /;\s*(?:\*\/\s*;?\s*)?$/;

export function editMariadb(): DumpReader['edit'] {
  let isSkipping = false;
  return (line, skip) => {
    if (isSkipping) {
      isSkipping = !ENDS.test(line);
      return '';
    }
    if (OWN_DATABASE.test(line)) return '';
    const found = OF_THE_SERVER.find(([pattern]) => pattern.test(line));
    if (found === undefined) return null;
    skip(found[1]);
    isSkipping = !ENDS.test(line);
    return '';
  };
}
