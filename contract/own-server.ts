/** The password of a server of Kojibox goes to that server alone, also when the caller's arguments name another one. */
import type { Program } from './programs.ts';

const LOOPBACK = ['127.0.0.1', 'localhost', '::1'];

interface ClientOptions {
  readonly host: readonly string[];
  readonly port: readonly string[];
  /** A socket or an address in one word. */
  readonly other: readonly string[];
  /** Whether a value may stand in the same word as a short option: `-hHOST`. */
  readonly joined: boolean;
  readonly password: string;
}

const MARIADB: ClientOptions = {
  host: ['-h', '--host'],
  port: ['-P', '--port'],
  other: ['-S', '--socket', '--defaults-file', '--defaults-extra-file'],
  joined: true,
  password: 'MYSQL_PWD',
};
const CLIENTS: Readonly<Record<string, ClientOptions>> = {
  // Its usual password lies in a file that names the server, pgpass; PGPASSWORD is set for the login of one database.
  psql: { host: ['-h', '--host'], port: [], other: [], joined: true, password: 'PGPASSWORD' },
  mariadb: MARIADB,
  'mariadb-dump': MARIADB,
  // https://redis.io/docs/latest/develop/tools/cli/
  'redis-cli': { host: ['-h'], port: ['-p'], other: ['-s', '-u'], joined: false, password: 'REDISCLI_AUTH' },
};

/** What the program gets, without the password where the arguments lead to another server. */
export function environmentFor(
  program: string,
  { args, env }: Pick<Program, 'args' | 'env'>,
  argv: readonly string[],
): Readonly<Record<string, string>> {
  const client = CLIENTS[program];
  if (client === undefined) return env;
  const given = (names: readonly string[], words: readonly string[]): string[] => valuesOf(names, words, client.joined);
  const ownPorts = given(client.port, args);
  const isOwn =
    given(client.other, argv).length === 0 &&
    given(client.host, argv).every((host) => LOOPBACK.includes(host)) &&
    given(client.port, argv).every((port) => ownPorts.includes(port));
  if (isOwn) return env;
  return Object.fromEntries(Object.entries(env).filter(([name]) => name !== client.password));
}

function valuesOf(names: readonly string[], words: readonly string[], joined: boolean): string[] {
  return words.flatMap((word, index) =>
    names.flatMap((name) => {
      if (word === name) return [words[index + 1] ?? ''];
      if (name.startsWith('--')) {
        // Long options may be cut short: --ho=HOST.
        const [long = '', ...value] = word.split('=');
        if (!long.startsWith('--') || long.length < 4 || !name.startsWith(long)) return [];
        return [value.length === 0 ? (words[index + 1] ?? '') : value.join('=')];
      }
      return joined && word.startsWith(name) && !word.startsWith('--') ? [word.slice(name.length)] : [];
    }),
  );
}
