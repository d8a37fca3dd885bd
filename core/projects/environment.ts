/** The environment of a project: one for its web server, its programs, its workers and the command line. */
import type { ProjectConfig } from '../../contract/config.ts';
import type { EnvironmentOrigin } from '../../contract/programs.ts';
import { mergeEnvironment } from '../config/overrides.ts';
import { isSecretName } from '../diagnostics/secret-names.ts';
import { hasReference, resolveReferences, type SecretUser } from '../secrets/references.ts';
import type { Secrets } from '../secrets/secrets.ts';
import type { FileSystem } from '../system/files.ts';
import {
  chooseDatabase,
  databaseNameOf,
  isRedisElsewhere,
  type DatabaseChoice,
  type ServerId,
} from './choose-database.ts';
import { loginOf, passwordOfLogin } from '../databases/logins/login-names.ts';
import { readDatabaseClues, type DatabaseClues } from './database-clues.ts';
import { defaultEnvironment, type DefaultFacts, type Server } from './default-environment.ts';
import { viewFolder } from './folder-view.ts';

export interface Variable {
  /** In what is computed, references such as `${secret:KEY}` are still in it; in what is read, they are filled in. */
  readonly value: string;
  readonly origin: EnvironmentOrigin;
  /** Never shown unless a person asks for it. */
  readonly isSecret: boolean;
}
export type Variables = Readonly<Record<string, Variable>>;

export interface EnvironmentFacts extends DefaultFacts {
  /** `env` of the service that runs the code. */
  readonly service: Readonly<Record<string, string>>;
  /** `overrides` of the project and of the app's settings. */
  readonly project: Readonly<Record<string, string>>;
  readonly user: Readonly<Record<string, string>>;
}

/** All layers merged; the later wins, and each value knows its layer. Pure. */
export function computeEnvironment(facts: EnvironmentFacts): Variables {
  const base = defaultEnvironment(facts);
  const layers = { default: base, service: facts.service, project: facts.project, user: facts.user };
  const merged = mergeEnvironment({ base, service: facts.service, project: facts.project, user: facts.user });
  const originOf = (name: string): EnvironmentOrigin =>
    (['user', 'project', 'service'] as const).find((layer) => Object.hasOwn(layers[layer], name)) ?? 'default';
  return Object.fromEntries(
    Object.entries(merged).map(([name, value]) => [
      name,
      { value, origin: originOf(name), isSecret: isSecret(name, value) },
    ]),
  );
}

/** By its name, by a reference to a secret, and by a password in an address. */
const isSecret = (name: string, value: string): boolean =>
  (value !== '' && isSecretName(name)) || hasReference(value) || /:\/\/[^/@\s]*:[^/@\s]+@/.test(value);

export interface EnvironmentSources {
  readonly files: FileSystem;
  readonly secrets: Secrets;
  /** Ports by `<service>.<name>`. */
  assignedPorts(): Readonly<Record<string, number>>;
  /** `env` of a service's settings. */
  serviceEnvironment(service: string): Readonly<Record<string, string>>;
  /** Is this service a part of the stack? */
  isWanted(service: string): boolean;
  /** Of this person on this machine. */
  userOverrides(): Readonly<Record<string, string>>;
  /** Whether a server keeps a database of this name; false where that cannot be seen from outside. */
  hasDatabase(server: ServerId, name: string): Promise<boolean>;
}

export interface ProjectEnvironment {
  readonly variables: Variables;
  readonly database: DatabaseChoice;
  /** How the project logs in to each server of the stack. */
  readonly logins: Readonly<Partial<Record<ServerId, ProjectLogin>>>;
}

export interface ProjectLogin {
  readonly user: string;
  readonly password: string;
  /** Whose login it is; the database need not be there. */
  readonly database: string;
}

/**
 * What a project's code gets, secrets filled in.
 * @param service that runs the code; its settings are a layer of the environment
 * Rejects with NOT_FOUND for a secret that is not set, VALIDATION_FAILED for a setting DATABASE that names no server.
 */
export async function readEnvironment(
  project: ProjectConfig,
  service: string,
  sources: EnvironmentSources,
): Promise<ProjectEnvironment> {
  const { logins, ...facts } = await readFacts(project, sources);
  const computed = computeEnvironment({
    ...facts,
    service: sources.serviceEnvironment(service),
    project: project.overrides,
    user: sources.userOverrides(),
  });
  // Each value gets the secrets that its layer may use.
  const users: Readonly<Record<EnvironmentOrigin, SecretUser | null>> = {
    default: null,
    service: { kind: 'service', id: service },
    project: { kind: 'project', id: project.id },
    user: { kind: 'app' },
  };
  const resolved = Object.entries(computed).map(async ([name, variable]) => {
    const user = users[variable.origin];
    const value = user === null ? variable.value : await resolveReferences(variable.value, sources.secrets, user);
    return [name, { ...variable, value }] as const;
  });
  return { variables: Object.fromEntries(await Promise.all(resolved)), database: facts.database, logins };
}

/** Names and values alone. */
export const valuesOf = (variables: Variables): Record<string, string> =>
  Object.fromEntries(Object.entries(variables).map(([name, { value }]) => [name, value]));

/** The name of the database whose login a project has in a server: of the one that it uses there, else of the one that it would have. */
export const loginNameOf = (project: Pick<ProjectConfig, 'id'>, server: ServerId, database: DatabaseChoice): string =>
  (database.server === server ? database.name : null) ?? databaseNameOf(project.id);

/** What a project uses, without any secret. Rejects with VALIDATION_FAILED for a setting DATABASE that names no server. */
export async function readChoice(
  project: ProjectConfig,
  sources: Pick<EnvironmentSources, 'files' | 'assignedPorts' | 'isWanted' | 'userOverrides' | 'hasDatabase'>,
): Promise<{ readonly clues: DatabaseClues; readonly database: DatabaseChoice }> {
  const clues = await readDatabaseClues(viewFolder(sources.files, project.path));
  const found = new Map<ServerId, boolean>();
  for (const id of SERVERS) found.set(id, await sources.hasDatabase(id, databaseNameOf(project.id)));
  const ports = SERVERS.filter((id) => sources.isWanted(id)).map((id) => [id, portOf(id, sources)] as const);
  const database = chooseDatabase({
    setting: sources.userOverrides()['DATABASE'] ?? project.overrides['DATABASE'],
    clues,
    project: project.id,
    ports: Object.fromEntries(ports),
    has: (id) => found.get(id) === true,
  });
  return { clues, database };
}

const SERVERS: readonly ServerId[] = ['mariadb', 'postgres'];
const USUAL_PORTS: Readonly<Record<ServerId, number>> = { mariadb: 3306, postgres: 5432 };
const portOf = (id: ServerId, { assignedPorts }: Pick<EnvironmentSources, 'assignedPorts'>): number =>
  assignedPorts()[`${id}.db`] ?? USUAL_PORTS[id];

async function readFacts(
  project: ProjectConfig,
  sources: EnvironmentSources,
): Promise<DefaultFacts & Pick<ProjectEnvironment, 'logins'>> {
  const { secrets, isWanted } = sources;
  const assigned = sources.assignedPorts();
  const { clues, database } = await readChoice(project, sources);
  const loginTo = async (id: ServerId): Promise<(Server & ProjectLogin) | null> => {
    if (!isWanted(id)) return null;
    const name = loginNameOf(project, id, database);
    const password = await secrets.ensure(passwordOfLogin(id, name));
    return { port: portOf(id, sources), user: loginOf(name), password, database: name };
  };
  const [mariadb, postgres] = await Promise.all([loginTo('mariadb'), loginTo('postgres')]);
  const redis = isWanted('redis')
    ? {
        port: assigned['redis.redis'] ?? 6379,
        user: '',
        password: await secrets.ensure({ key: 'redis-password', scope: 'service' }),
      }
    : null;
  return {
    clues,
    database,
    logins: { ...(mariadb === null ? {} : { mariadb }), ...(postgres === null ? {} : { postgres }) },
    servers: {
      mariadb,
      postgres,
      redis: isRedisElsewhere(clues.redis, redis?.port) ? null : redis,
      smtpPort: assigned['mail.smtp'] ?? 1025,
    },
  };
}
