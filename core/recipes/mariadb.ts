/** MariaDB on loopback, with a generated password from its first moment. */
import { join } from 'node:path';
import type { Recipe } from './recipe.ts';

export const MARIADB_USER = 'kojibox';
const LOG_FILE_SIZE = '--innodb-log-file-size=16M';
/**
 * mariadb-install-db is a shell script that takes paths apart at spaces, and `Application Support` has one. So it gets links without.
 * $1 the tree's usr, $2 the data folder, $3 a folder for temporary files; the rest goes to the script.
 */
const INSTALL_DB = `links=$(mktemp -d /tmp/kojibox-mariadb.XXXXXX) || exit 1
trap 'rm -rf "$links"' EXIT
ln -s "$1" "$links/usr" && ln -s "$2" "$links/data" && ln -s "$3" "$links/tmp" || exit 1
shift 3
"$links/usr/bin/mariadb-install-db" --no-defaults --basedir="$links/usr" --datadir="$links/data" --tmpdir="$links/tmp" "$@"`;
const CHARACTERS = ['--character-set-server=utf8mb4', '--collation-server=utf8mb4_unicode_ci'];

export const mariadb: Recipe = {
  runtime: 'mariadb',
  ports: [{ name: 'db', port: 3306, protocol: 'tcp' }],
  plan(context) {
    const { id, tree, dataFolder, runFolder, tempFolder, configFolder } = context;
    const accounts = join(configFolder, 'accounts.sql');
    const port = context.ports['db'] ?? 3306;
    const usr = join(tree, 'usr');
    const socket = join(runFolder, `${id}.sock`);
    const env = { PATH: `${join(usr, 'bin')}:/usr/bin:/bin`, LC_ALL: 'C.UTF-8', TZ: 'UTC', ...context.extraEnv };
    const base = [
      '--no-defaults',
      `--basedir=${usr}`,
      `--lc-messages-dir=${usr}/share/mysql`,
      `--plugin-dir=${usr}/lib/mysql/plugin`,
    ];
    return {
      id,
      name: 'MariaDB',
      runtime: 'mariadb',
      version: context.version,
      command: join(usr, 'sbin/mariadbd'),
      args: [
        ...base,
        `--datadir=${dataFolder}`,
        `--socket=${socket}`,
        `--pid-file=${join(tempFolder, 'mariadb.pid')}`,
        `--port=${port}`,
        '--bind-address=127.0.0.1',
        '--skip-name-resolve',
        '--innodb-buffer-pool-size=64M',
        LOG_FILE_SIZE,
        ...CHARACTERS,
        `--tmpdir=${tempFolder}`,
        // No table lies outside the data folder: DATA DIRECTORY needs no right that an account could be without.
        '--skip-symbolic-links',
        // Run before the server listens, at each start: what a snapshot or a former version left is repaired. https://mariadb.com/kb/en/server-system-variables/#init_file
        `--init-file=${accounts}`,
        // Level 1: our health checks end before they log in, and level 2 would write a warning for each.
        '--log-warnings=1',
        ...context.extraArgs,
      ],
      env,
      cwd: '/',
      ports: [{ name: 'db', port, protocol: 'tcp' }],
      sockets: [socket],
      dependsOn: [],
      probe: { type: 'mariadb', address: { socket } },
      restartPolicy: { maxRetries: 5, backoffMs: 500 },
      probeIntervalMs: 10_000,
      startDeadlineMs: 60_000,
      stopSignal: 'SIGTERM',
      stopGraceMs: 20_000,
      asServiceUser: true,
      folders: [
        { path: tempFolder, mode: 0o700 },
        { path: configFolder, mode: 0o700 },
      ],
      files: [{ path: accounts, content: accountsSql(context.password), mode: 0o600 }],
      initialise: {
        folder: dataFolder,
        files: (folder) => [{ path: `${folder}.sql`, content: accountsSql(context.password) }],
        steps: (folder) => [
          {
            command: '/bin/sh',
            args: [
              '-c',
              INSTALL_DB,
              'mariadb-install-db',
              usr,
              folder,
              tempFolder,
              '--auth-root-authentication-method=normal',
              '--skip-test-db',
              '--skip-name-resolve',
              LOG_FILE_SIZE,
              ...CHARACTERS,
            ],
            env,
            cwd: '/',
          },
          {
            // The accounts are set before the server listens anywhere: --bootstrap reads SQL and ends. https://mariadb.com/kb/en/mariadbd-options/
            command: '/bin/sh',
            args: [
              '-c',
              'exec "$@" < "$0"',
              `${folder}.sql`,
              join(usr, 'sbin/mariadbd'),
              ...base,
              `--datadir=${folder}`,
              '--bootstrap',
              '--skip-networking',
              LOG_FILE_SIZE,
              ...CHARACTERS,
              `--tmpdir=${tempFolder}`,
            ],
            env,
            cwd: '/',
          },
        ],
      },
      connect: `mysql://${MARIADB_USER}@127.0.0.1:${port}`,
    };
  },
};

/** Accounts of people, not roles, that let everyone in; https://mariadb.com/kb/en/mysqlglobal_priv-table/ */
const WITHOUT_PASSWORD = `FROM mysql.global_priv WHERE COALESCE(JSON_EXTRACT(Priv, '$.is_role'), 'false') <> 'true'
  AND COALESCE(JSON_EXTRACT(Priv, '$.account_locked'), 'false') <> 'true'
  AND COALESCE(JSON_VALUE(Priv, '$.plugin'), '') IN ('', 'mysql_native_password', 'mysql_old_password', 'ed25519')
  AND COALESCE(JSON_VALUE(Priv, '$.authentication_string'), '') = ''`.replaceAll(/\s+/g, ' ');

/** Runs a statement over all accounts that match; nothing when there is none. */
const overAccounts = (before: string, after: string, where: string): string[] => [
  `SET @accounts = (SELECT GROUP_CONCAT(CONCAT(QUOTE(User), '@', QUOTE(Host))) ${where});`,
  `EXECUTE IMMEDIATE COALESCE(CONCAT('${before} ', @accounts, '${after}'), 'DO 0');`,
];

/**
 * Gives the daemon's accounts their password, and leaves no account without one: those of the installer (root at other hosts, anonymous
 * ones) are dropped, and those that a person made are locked, because their rights may still be wanted.
 * One statement a line, as --bootstrap and --init-file want it. The password is made of letters and digits only.
 */
function accountsSql(password: string): string {
  const quoted = `'${password.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
  return [
    'FLUSH PRIVILEGES;',
    ...["'root'@'localhost'", `'${MARIADB_USER}'@'localhost'`, `'${MARIADB_USER}'@'127.0.0.1'`].flatMap((account) => [
      `CREATE USER IF NOT EXISTS ${account} IDENTIFIED BY ${quoted};`,
      `ALTER USER ${account} IDENTIFIED BY ${quoted};`,
      `GRANT ALL PRIVILEGES ON *.* TO ${account} WITH GRANT OPTION;`,
    ]),
    ...overAccounts('DROP USER', '', `${WITHOUT_PASSWORD} AND User IN ('', 'root')`),
    ...overAccounts('ALTER USER', ' ACCOUNT LOCK', WITHOUT_PASSWORD),
    'FLUSH PRIVILEGES;',
    '',
  ].join('\n');
}
