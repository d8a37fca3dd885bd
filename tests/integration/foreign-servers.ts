/** Database servers of somebody else: real ones, from Kojibox's own runtimes, in folders and on ports of their own. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConnection } from 'mariadb';
import { Client } from 'pg';
import type { StackWorld } from './stack-world.ts';
import { freePort } from '../fixtures/free-port.ts';

export type Row = Record<string, unknown>;

/** Not a name that Kojibox has, and a password with everything that a shell or a log could stumble over. */
export const OWNER = 'boss';
export const PASSWORD = `p@ss "w'örd" $HOME \\ %41`;

export interface ForeignServer {
  readonly port: number;
  readonly folder: string;
  query(sql: string, database?: string): Promise<Row[]>;
  /** kill -9, as a power cut would. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Whether a login by TCP without TLS is turned away, from now on. */
  insistOnTls(insists: boolean): Promise<void>;
}

const isRoot = process.getuid?.() === 0;
/** Databases refuse to run as root: `nobody` of every Linux. */
const plainUser = isRoot ? { uid: 65534, gid: 65534 } : {};

export interface ForeignServers {
  postgres(series: string, extraArgs?: readonly string[]): Promise<ForeignServer>;
  mariadb(series: string): Promise<ForeignServer>;
  remove(): Promise<void>;
}

export function createForeignServers(world: Pick<StackWorld, 'path'>): ForeignServers {
  const root = mkdtempSync(join(tmpdir(), 'kojibox-foreign-'));
  chmodSync(root, 0o711);
  const servers: ForeignServer[] = [];

  const treeOf = (name: string, series: string): string => {
    const version = readdirSync(world.path('runtime/bin', name)).find((one) => one.startsWith(`${series}.`));
    if (version === undefined) throw new Error(`${name} ${series} is not installed`);
    const folder = world.path('runtime/bin', name, version);
    return join(folder, readdirSync(folder)[0] ?? '');
  };
  /** For 127.0.0.1, signed by nobody: what servers make for themselves. */
  const makeCertificate = (folder: string): { cert: string; key: string } => {
    const [cert, key] = [join(folder, 'server.crt'), join(folder, 'server.key')];
    const request = [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-days',
      '2',
    ];
    execFileSync('openssl', [...request, '-subj', '/CN=127.0.0.1', '-keyout', key, '-out', cert], { stdio: 'pipe' });
    chmodSync(key, 0o600);
    if (isRoot) for (const file of [cert, key]) chownSync(file, 65534, 65534);
    return { cert, key };
  };
  const makeFolder = (name: string): string => {
    const folder = join(root, name);
    mkdirSync(folder, { mode: 0o700 });
    if (isRoot) chownSync(folder, 65534, 65534);
    return folder;
  };
  const runs = (
    folder: string,
    port: number,
    command: string,
    args: readonly string[],
    query: ForeignServer['query'],
    insistOnTls: ForeignServer['insistOnTls'],
  ): ForeignServer => {
    let child: ChildProcess | undefined;
    const server: ForeignServer = {
      port,
      folder,
      query,
      insistOnTls,
      async start() {
        const log = join(root, `${port}.log`);
        const started = spawn('/bin/sh', ['-c', 'exec "$@" >> "$0" 2>&1', log, command, ...args], {
          cwd: '/',
          env: { PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8', TZ: 'UTC' },
          stdio: 'ignore',
        });
        child = started;
        const deadline = Date.now() + 60_000;
        for (;;) {
          const failure = await query('select 1').then(
            () => null,
            (error: unknown) => (error instanceof Error ? error.message : 'it does not answer'),
          );
          if (failure === null) return;
          if (started.exitCode !== null || Date.now() > deadline)
            throw new Error(`it did not start: ${failure}\n${readFileSync(log, 'utf8').slice(-2000)}`);
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
      },
      async kill() {
        const running = child;
        child = undefined;
        if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
        const gone = new Promise((resolve) => running.once('exit', resolve));
        running.kill('SIGKILL');
        await gone;
      },
    };
    servers.push(server);
    return server;
  };
  /** The shell command that becomes the plain user. */
  const asPlainUser = (command: string, args: readonly string[]): [string, string[]] =>
    isRoot ? ['setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', command, ...args]] : [command, [...args]];

  return {
    async postgres(series, extraArgs = []) {
      const [tree, port] = [join(treeOf('postgres', series), 'native/bin'), await freePort()];
      const folder = makeFolder(`postgres-${port}`);
      const data = join(folder, 'data');
      const passwordFile = join(root, `${port}.password`);
      writeFileSync(passwordFile, PASSWORD, { mode: 0o644 });
      execFileSync(
        join(tree, 'initdb'),
        [
          '-D',
          data,
          '-U',
          OWNER,
          '-A',
          'scram-sha-256',
          `--pwfile=${passwordFile}`,
          '-E',
          'UTF8',
          '-N',
          '--locale=C.UTF-8',
        ],
        { ...plainUser, cwd: '/', env: { PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8' }, stdio: 'pipe' },
      );
      // Whoever runs this test may log in by the socket alone.
      const letIn = (host: 'host' | 'hostssl'): void =>
        writeFileSync(join(data, 'pg_hba.conf'), `local all all peer\n${host} all all 127.0.0.1/32 scram-sha-256\n`);
      letIn('host');
      const { cert, key } = makeCertificate(folder);
      let ssl = false;
      const query: ForeignServer['query'] = async (sql, database = 'postgres') => {
        const login = { host: '127.0.0.1', port, user: OWNER, password: PASSWORD, database };
        const client = new Client({ ...login, ssl: ssl && { rejectUnauthorized: false } });
        // One that is killed under the test's own sessions.
        client.on('error', () => undefined);
        await client.connect();
        try {
          return (await client.query<Row>(sql)).rows;
        } finally {
          await client.end().catch(() => undefined);
        }
      };
      chmodSync(folder, 0o711);
      const server = runs(
        folder,
        port,
        ...asPlainUser(join(tree, 'postgres'), [
          ...[
            '-D',
            data,
            '-p',
            String(port),
            '-c',
            'listen_addresses=127.0.0.1',
            '-c',
            `unix_socket_directories=${folder}`,
          ],
          ...['-c', 'fsync=off', '-c', 'shared_buffers=32MB'],
          ...['-c', 'ssl=on', '-c', `ssl_cert_file=${cert}`, '-c', `ssl_key_file=${key}`, ...extraArgs],
        ]),
        query,
        async (insists) => {
          letIn(insists ? 'hostssl' : 'host');
          await query('select pg_reload_conf()');
          ssl = insists;
        },
      );
      await server.start();
      return server;
    },

    async mariadb(series) {
      const [usr, port] = [join(treeOf('mariadb', series), 'usr'), await freePort()];
      const folder = makeFolder(`mariadb-${port}`);
      const data = join(folder, 'data');
      const base = ['--no-defaults', `--basedir=${usr}`, `--datadir=${data}`, `--lc-messages-dir=${usr}/share/mysql`];
      const env = { PATH: `${join(usr, 'bin')}:/usr/bin:/bin`, LC_ALL: 'C.UTF-8' };
      execFileSync(
        join(usr, 'bin/mariadb-install-db'),
        [
          '--no-defaults',
          `--basedir=${usr}`,
          `--datadir=${data}`,
          '--auth-root-authentication-method=normal',
          '--skip-test-db',
          '--skip-name-resolve',
          `--tmpdir=${folder}`,
        ],
        { ...plainUser, cwd: '/', env, stdio: 'pipe' },
      );
      const { cert, key } = makeCertificate(folder);
      let ssl = false;
      const quoted = `'${PASSWORD.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
      writeFileSync(
        join(folder, 'accounts.sql'),
        `FLUSH PRIVILEGES;\nSET NAMES utf8mb4;\nCREATE USER '${OWNER}'@'127.0.0.1' IDENTIFIED BY ${quoted};\nGRANT ALL ON *.* TO '${OWNER}'@'127.0.0.1' WITH GRANT OPTION;\n`,
      );
      execFileSync(
        '/bin/sh',
        [
          '-c',
          'exec "$@" < "$0"',
          join(folder, 'accounts.sql'),
          join(usr, 'sbin/mariadbd'),
          ...base,
          '--bootstrap',
          '--skip-networking',
          '--character-set-server=utf8mb4',
          `--tmpdir=${folder}`,
        ],
        { ...plainUser, cwd: '/', env, stdio: 'pipe' },
      );
      const query: ForeignServer['query'] = async (sql, database) => {
        const connection = await createConnection({
          host: '127.0.0.1',
          port,
          user: OWNER,
          password: PASSWORD,
          ssl: ssl && { rejectUnauthorized: false },
          ...(database === undefined ? {} : { database }),
        });
        try {
          const rows: unknown = await connection.query(sql);
          return Array.isArray(rows) ? (rows as Row[]) : [];
        } finally {
          await connection.end();
        }
      };
      const server = runs(
        folder,
        port,
        ...asPlainUser(join(usr, 'sbin/mariadbd'), [
          ...[
            ...base,
            `--port=${port}`,
            '--bind-address=127.0.0.1',
            '--skip-name-resolve',
            `--socket=${join(folder, 'm.sock')}`,
          ],
          ...[
            `--pid-file=${join(folder, 'pid')}`,
            `--tmpdir=${folder}`,
            '--innodb-flush-log-at-trx-commit=0',
            `--plugin-dir=${usr}/lib/mysql/plugin`,
            `--ssl-cert=${cert}`,
            `--ssl-key=${key}`,
          ],
        ]),
        query,
        async (insists) => {
          await query(`set global require_secure_transport = ${insists ? 'on' : 'off'}`);
          ssl = insists;
        },
      );
      await server.start();
      return server;
    },

    async remove() {
      await Promise.all(servers.map((server) => server.kill()));
      rmSync(root, { recursive: true, force: true });
    },
  };
}
