/**
 * All of a PostgreSQL server as one script: roles, then each database. What pg_dumpall does
 * (https://www.postgresql.org/docs/current/app-pg-dumpall.html), by the two client programs that every installed tree has.
 */
import type { SnapshotRecipe } from './engine.ts';
import { postgresClient, SCRIPT } from './postgres-engine.ts';
import { asServerKnows } from './postgres-older-server.ts';

/** Roles, their settings and memberships; https://www.postgresql.org/docs/current/catalog-pg-authid.html. Not the one Kojibox logs in with. */
const ROLES = String.raw`
select format('CREATE ROLE %I WITH %s %s %s %s %s %s %s CONNECTION LIMIT %s%s%s;', rolname,
  case when rolsuper then 'SUPERUSER' else 'NOSUPERUSER' end, case when rolinherit then 'INHERIT' else 'NOINHERIT' end,
  case when rolcreaterole then 'CREATEROLE' else 'NOCREATEROLE' end, case when rolcreatedb then 'CREATEDB' else 'NOCREATEDB' end,
  case when rolcanlogin then 'LOGIN' else 'NOLOGIN' end, case when rolreplication then 'REPLICATION' else 'NOREPLICATION' end,
  case when rolbypassrls then 'BYPASSRLS' else 'NOBYPASSRLS' end, rolconnlimit,
  coalesce(' PASSWORD ' || quote_literal(rolpassword), ''), coalesce(' VALID UNTIL ' || quote_literal(rolvaliduntil), ''))
from pg_authid where rolname !~ '^pg_' and rolname <> current_user order by rolname;
select format('ALTER ROLE %I SET %I TO %s;', rolname, split_part(setting, '=', 1),
  -- These are lists of names, quoted already.
  case when split_part(setting, '=', 1) in ('search_path', 'temp_tablespaces', 'session_preload_libraries', 'local_preload_libraries')
    then substr(setting, strpos(setting, '=') + 1) else quote_literal(substr(setting, strpos(setting, '=') + 1)) end)
from pg_db_role_setting s join pg_authid r on r.oid = s.setrole, unnest(setconfig) setting where setdatabase = 0;
select format('GRANT %I TO %I%s;', g.rolname, m.rolname, case when admin_option then ' WITH ADMIN OPTION' else '' end)
from pg_auth_members a join pg_authid g on g.oid = a.roleid join pg_authid m on m.oid = a.member where m.rolname !~ '^pg_' and m.rolname <> current_user
`;
const DATABASES = `select datname from pg_database where datallowconn and datname <> 'template1' order by datname`;

/** $1: folder of the programs. The name of a database goes by the environment: as an argument it could be taken for a connection string. */
const DUMP_ALL = String.raw`set -e
bin=$1
"$bin/psql" -X -q -A -t -v ON_ERROR_STOP=1 -c "$ROLES"
names=$("$bin/psql" -X -q -A -t -v ON_ERROR_STOP=1 -c "$DATABASES")
while IFS= read -r name; do
  create=--create
  if [ "$name" = postgres ]; then create=; printf '\connect postgres
'; fi
  PGDATABASE=$name "$bin/pg_dump" $create
done <<END
$names
END`;

export const postgresSnapshots: SnapshotRecipe = {
  runtime: 'postgres',
  clients: 'postgres-client',
  dataFile: null,
  readsOlder: true,
  dumpAll: (access) => {
    const { command, env } = postgresClient(access, '', 'postgres', []);
    return { command: '/bin/sh', args: ['-c', DUMP_ALL, 'dump', command], env: { ...env, ROLES, DATABASES } };
  },
  restoreAll: (access) => ({
    ...postgresClient(access, 'psql', 'postgres', SCRIPT),
    atEnd: '',
    edit: (line) => asServerKnows(access.serverVersion, line),
  }),
  check: (access) => postgresClient(access, 'psql', 'postgres', ['-X', '-q', '-c', 'select count(*) from pg_database']),
};
