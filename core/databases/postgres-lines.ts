/** Lines of a PostgreSQL dump that mean another thing here, or that its account may not do and that change nothing of the data. Pure. */
import type { DumpReader, LoaderAccess } from './engine.ts';
import { asServerKnows } from './postgres-older-server.ts';

/** What a dump for a database of its own name begins with (pg_dump --create): here it goes into the one that was chosen. */
const OWN_DATABASE = /^(?:(?:CREATE|DROP|ALTER|COMMENT ON) DATABASE .*;|\\connect .*)$/;
const RESTRICT = /^\\(?:un)?restrict \w+$/;
/** An extension brings its comment with it, and only its owner may change that. */
const EXTENSION_COMMENT = /^COMMENT ON EXTENSION \S+ IS '(?:[^']|'')*';$/;
/** For the eyes of an administrator: only a superuser may make them, and no table needs them. */
export const OF_ADMINISTRATORS: ReadonlySet<string> = new Set(
  (
    'adminpack amcheck hypopg pageinspect pg_buffercache pg_freespacemap pg_prewarm pg_repack pg_stat_kcache pg_stat_monitor ' +
    'pg_stat_statements pg_visibility pg_wait_sampling pg_walinspect pgaudit pgrowlocks pgstattuple plpgsql_check'
  ).split(' '),
);
const EXTENSION = /^CREATE EXTENSION IF NOT EXISTS "?(\w+)"? (?:WITH SCHEMA \S+)?;$/;
const NAME = String.raw`("(?:[^"]|"")+"|[\w$]+)`;
const ACTS_AS = [
  new RegExp(String.raw`^ALTER .* OWNER TO ${NAME};$`),
  new RegExp(String.raw`^ALTER DEFAULT PRIVILEGES FOR ROLE ${NAME} .*;$`),
];
/** pg_dump --use-set-session-authorization. Only a superuser may; to act as the role has the same effect. */
const AUTHORIZATION = /^SET SESSION AUTHORIZATION (.+);$/;
/** pg_dump --disable-triggers. Triggers that watch keys are the superuser's; without them for the session has the same effect. */
const TRIGGERS = /^ALTER TABLE (?:ONLY |IF EXISTS )*\S.* (DISABLE|ENABLE) TRIGGER ALL;$/;

const unquote = (name: string): string => (name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name);

export const editPostgres =
  ({ serverVersion, withheld }: Pick<LoaderAccess, 'serverVersion' | 'withheld'>): DumpReader['edit'] =>
  (line, skip) => {
    if (OWN_DATABASE.test(line) || RESTRICT.test(line) || EXTENSION_COMMENT.test(line)) return '';
    const extension = EXTENSION.exec(line)?.[1];
    if (extension !== undefined && OF_ADMINISTRATORS.has(extension)) {
      skip(`CREATE EXTENSION ${extension}`);
      return '';
    }
    for (const pattern of ACTS_AS) {
      const role = pattern.exec(line)?.[1];
      if (role === undefined || !withheld.includes(unquote(role))) continue;
      skip(line.startsWith('ALTER DEFAULT') ? `ALTER DEFAULT PRIVILEGES FOR ROLE ${role}` : `OWNER TO ${role}`);
      return '';
    }
    const authorized = AUTHORIZATION.exec(line)?.[1];
    if (authorized !== undefined) return authorized === 'DEFAULT' ? 'RESET ROLE;' : `SET ROLE ${authorized};`;
    const triggers = TRIGGERS.exec(line)?.[1];
    if (triggers !== undefined)
      return `SET session_replication_role = ${triggers === 'DISABLE' ? 'replica' : 'origin'};`;
    return asServerKnows(serverVersion, line);
  };
