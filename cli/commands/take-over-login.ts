/** Which server, and the way into it: from flags, from what was found here, from questions. */
import type { Client } from '../../client/index.ts';
import { KojiboxError } from '../../contract/errors.ts';
import {
  SERVER_KINDS,
  SERVER_PORTS,
  type ServerKind,
  type ServerLogin,
  type ServerReport,
} from '../../contract/server-import.ts';
import { usage, type FlagValues } from '../arguments.ts';
import { print } from '../command.ts';
import { paint } from '../render/style.ts';
import { ask, askHidden, choose } from './setup-questions.ts';

export const KIND_NAMES: Readonly<Record<ServerKind, string>> = { postgres: 'PostgreSQL', mysql: 'MySQL or MariaDB' };
const TRIES = 3;

/** The report, and the login that led to it. Asks for what is missing as long as the server refuses; at most three times. */
export async function enter(
  client: Client,
  login: ServerLogin,
  engine: string | undefined,
  asks: boolean,
): Promise<{ report: ServerReport; used: ServerLogin }> {
  let used = login;
  for (let tries = 1; ; tries++) {
    try {
      const report = await client.call('serverImport.inspect', {
        ...used,
        ...(engine === undefined ? {} : { engine }),
      });
      const { host, port, socket, user } = report.login;
      // The way that worked, so that the import takes the same.
      return { report, used: { ...used, user, port, ...(socket === null ? { host } : { socket }) } };
    } catch (error) {
      if (!(error instanceof KojiboxError) || error.code !== 'LOGIN_REFUSED' || !asks || tries > TRIES) throw error;
      if (tries > 1) print(`${paint('yellow', '!')} ${error.detail}`);
      const user = await ask('User', used.user ?? (used.kind === 'mysql' ? 'root' : 'postgres'));
      used = { ...used, user, password: await askHidden('Password (not shown, not kept)') };
    }
  }
}

export async function kindOf(
  client: Client,
  kind: ServerKind | undefined,
  asks: boolean,
): Promise<{ kind: ServerKind; port?: number }> {
  if (kind !== undefined) return { kind };
  const found = (await client.call('firstRun.programs', {})).filter(({ offer }) => offer === 'take-over');
  const servers = found.map(({ name, port, holder }) => ({
    kind: name === 'postgres' ? ('postgres' as const) : ('mysql' as const),
    port: port ?? undefined,
    holder,
  }));
  const [first, ...more] = servers;
  if (first !== undefined && more.length === 0) return withPort(first);
  if (!asks)
    throw usage(
      first === undefined
        ? `no other server was found running: name one of ${SERVER_KINDS.join(', ')}, and --host or --port`
        : `several servers were found: name one of ${SERVER_KINDS.join(', ')}`,
    );
  const options =
    first === undefined ? SERVER_KINDS.map((one) => ({ kind: one, port: SERVER_PORTS[one], holder: null })) : servers;
  const labels = options.map(
    (one) => `${KIND_NAMES[one.kind]} ${paint('dim', `port ${one.port ?? ''} ${one.holder ?? ''}`)}`,
  );
  const at = await choose('Which server', labels, 0);
  return withPort(options[at] ?? { kind: 'postgres' });
}
const withPort = ({
  kind,
  port,
}: {
  kind: ServerKind;
  port?: number | undefined;
}): { kind: ServerKind; port?: number } => ({
  kind,
  ...(port === undefined ? {} : { port }),
});

export const textOf = (values: FlagValues, name: string): string | undefined => {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
};
export function loginOf(
  found: { kind: ServerKind; port?: number },
  values: FlagValues,
  password: string | undefined,
): ServerLogin {
  const [host, port, socket, user] = ['host', 'port', 'socket', 'user'].map((name) => textOf(values, name));
  if (port !== undefined && !/^\d{1,5}$/.test(port)) throw usage(`--port must be a number, not "${port}"`);
  return {
    ...found,
    ...(host === undefined ? {} : { host }),
    ...(port === undefined ? {} : { port: Number(port) }),
    ...(socket === undefined ? {} : { socket }),
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
  };
}

/** Without its end of line. */
export async function readFirstLine(): Promise<string> {
  let text = '';
  for await (const piece of process.stdin.setEncoding('utf8')) {
    text += String(piece);
    if (text.includes('\n')) break;
  }
  return text.split(/\r?\n/)[0] ?? '';
}
