/** Which database server and database a project uses. Pure; see docs/how-to/environment.md for the rule. */
import { KojiboxError } from '../../contract/errors.ts';
import { DATABASE_SETTING } from '../config/overrides.ts';
import type { Address, DatabaseClues } from './database-clues.ts';

export type ServerId = 'mariadb' | 'postgres';

/** Why there is none: the user said so, the files name a database elsewhere or of another kind, or no such server is part of the stack. */
export type NoDatabase = 'setting' | 'elsewhere' | 'other-kind' | 'not-in-stack';

export type DatabaseChoice =
  | {
      readonly server: ServerId;
      /** Null: no file names one, and there is none with the project's name. */
      readonly name: string | null;
      /** What decided: the setting DATABASE, files of the project, or the order of the servers. */
      readonly because: 'setting' | 'files' | 'order';
    }
  | { readonly server: null; readonly because: NoDatabase };

export interface ChoiceFacts {
  /** The setting DATABASE, of the user or the project; undefined: not set. */
  readonly setting: string | undefined;
  readonly clues: DatabaseClues;
  /** Id of the project. */
  readonly project: string;
  /** Ports of the servers that are part of the stack. */
  readonly ports: Readonly<Partial<Record<ServerId, number>>>;
  /** Whether the server has a database with the project's name. */
  has(server: ServerId): boolean;
}

const USUAL_PORTS: Readonly<Record<ServerId | 'redis', number>> = { mariadb: 3306, postgres: 5432, redis: 6379 };
const ORDER: readonly ServerId[] = ['mariadb', 'postgres'];
export const isServerId = (id: string): id is ServerId => ORDER.some((server) => server === id);
/** The name that a database of a project has when nothing says another. */
export const databaseNameOf = (project: string): string => project.replaceAll('-', '_');

/** Throws VALIDATION_FAILED for a setting that names a server which there is not. */
export function chooseDatabase(facts: ChoiceFacts): DatabaseChoice {
  const { clues, ports } = facts;
  const setting = parseSetting(facts.setting);
  if (setting !== undefined) return settle(facts, setting, 'setting');
  if (clues.engine === 'other') return { server: null, because: 'other-kind' };
  const server = clues.engine ?? ORDER.find((id) => ports[id] !== undefined) ?? null;
  if (server !== null && isElsewhere(clues.database, USUAL_PORTS[server], ports[server]))
    return { server: null, because: 'elsewhere' };
  return settle(
    facts,
    server === null ? null : { server, name: clues.name },
    clues.engine === null ? 'order' : 'files',
  );
}

function settle(
  { project, ports, clues, has }: ChoiceFacts,
  wanted: { readonly server: ServerId; readonly name: string | null } | null,
  because: 'setting' | 'files' | 'order',
): DatabaseChoice {
  if (wanted === null) return { server: null, because: because === 'setting' ? 'setting' : 'not-in-stack' };
  const { server } = wanted;
  if (ports[server] === undefined) return { server: null, because: 'not-in-stack' };
  const own = databaseNameOf(project);
  // A framework makes its database itself, in its own way; other code must not be sent to one that is not there.
  const isExpected = because === 'setting' || clues.style !== 'plain' || has(server);
  return { server, name: wanted.name ?? (isExpected ? own : null), because };
}

/** Undefined for a value that is a variable of the code, not a setting. */
function parseSetting(
  setting: string | undefined,
): { readonly server: ServerId; readonly name: string | null } | null | undefined {
  if (setting === 'none') return null;
  const { server, name } = DATABASE_SETTING.exec(setting ?? '')?.groups ?? {};
  if (server !== undefined)
    return { server: server.startsWith('postgres') ? 'postgres' : 'mariadb', name: name ?? null };
  if (!/^[A-Za-z]+\/[^/]/.test(setting ?? '')) return undefined;
  throw new KojiboxError('VALIDATION_FAILED', 'cannot use the setting DATABASE', {
    detail: `"${setting ?? ''}" is not mariadb, postgres, none, or a server and a database such as mariadb/blog`,
    source: 'config',
    field: 'overrides.DATABASE',
  });
}

/** Of another machine, or of another server on this one. A bare word is a container's name, which means nothing here. */
export function isElsewhere(address: Address | null, usualPort: number, ownPort: number | undefined): boolean {
  if (address === null) return false;
  const host = address.host.replace(/^\[|\]$/g, '');
  const isHere = /^127\.|^0\.0\.0\.0$|^::1$|^localhost$/.test(host) || !/[.:]/.test(host);
  return !isHere || ![null, usualPort, ownPort].includes(address.port);
}
export const isRedisElsewhere = (address: Address | null, ownPort: number | undefined): boolean =>
  isElsewhere(address, USUAL_PORTS.redis, ownPort);
