/** PostgreSQL on loopback, with a generated password. */
import { join } from 'node:path';
import type { Recipe } from './recipe.ts';

export const POSTGRES_USER = 'kojibox';

/** Nothing without a password. https://www.postgresql.org/docs/current/auth-pg-hba-conf.html */
const ACCESS = `# Written by Kojibox before each start.
local all all scram-sha-256
host all all 127.0.0.1/32 scram-sha-256
host all all ::1/128 scram-sha-256
local replication all scram-sha-256
host replication all 127.0.0.1/32 scram-sha-256
host replication all ::1/128 scram-sha-256
`;

export const postgres: Recipe = {
  runtime: 'postgres',
  ports: [{ name: 'db', port: 5432, protocol: 'tcp' }],
  plan(context) {
    const { id, tree, dataFolder, runFolder, configFolder } = context;
    const access = join(configFolder, 'pg_hba.conf');
    const port = context.ports['db'] ?? 5432;
    const env = { PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8', TZ: 'UTC', ...context.extraEnv };
    const major = Number(context.series);
    return {
      id,
      name: 'PostgreSQL',
      runtime: 'postgres',
      version: context.version,
      command: join(tree, 'native/bin/postgres'),
      args: [
        '-D',
        dataFolder,
        '-p',
        String(port),
        '-c',
        'listen_addresses=127.0.0.1',
        '-c',
        `unix_socket_directories=${runFolder}`,
        // Not the one in the data folder, which a snapshot or an initdb of another kind may have written.
        '-c',
        `hba_file=${access}`,
        '-c',
        'shared_buffers=32MB',
        '-c',
        'max_connections=100',
        '-c',
        'log_line_prefix=%m [%p] ',
        '-c',
        'log_timezone=UTC',
        // A developer's machine loses power too: data stays safe, but no commit waits for the disk.
        '-c',
        'synchronous_commit=off',
        ...context.extraArgs,
      ],
      env,
      cwd: '/',
      ports: [{ name: 'db', port, protocol: 'tcp' }],
      sockets: [join(runFolder, `.s.PGSQL.${port}`)],
      dependsOn: [],
      probe: {
        type: 'postgres',
        address: { host: '127.0.0.1', port },
        user: POSTGRES_USER,
        statusFile: join(dataFolder, 'postmaster.pid'),
      },
      restartPolicy: { maxRetries: 5, backoffMs: 500 },
      probeIntervalMs: 10_000,
      startDeadlineMs: 60_000,
      // "Fast" shutdown: open sessions are ended, data is flushed. https://www.postgresql.org/docs/current/server-shutdown.html
      stopSignal: 'SIGINT',
      stopGraceMs: 20_000,
      asServiceUser: true,
      folders: [{ path: configFolder, mode: 0o700 }],
      files: [{ path: access, content: ACCESS, mode: 0o600 }],
      initialise: {
        folder: dataFolder,
        files: (folder) => [{ path: `${folder}.password`, content: context.password }],
        steps: (folder) => [
          {
            command: join(tree, 'native/bin/initdb'),
            args: [
              '-D',
              folder,
              '-U',
              POSTGRES_USER,
              '-A',
              'scram-sha-256',
              `--pwfile=${folder}.password`,
              '-E',
              'UTF8',
              '-N',
              '--no-instructions',
              ...(major >= 17 ? ['--locale-provider=builtin', '--builtin-locale=C.UTF-8'] : []),
              '--locale=C',
            ],
            env,
            cwd: '/',
          },
        ],
      },
      connect: `postgresql://${POSTGRES_USER}@127.0.0.1:${port}/postgres`,
    };
  },
};
