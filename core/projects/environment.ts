/** The environment of a project's code. */
import type { ProjectConfig } from '../../contract/config.ts';
import { mergeEnvironment } from '../config/overrides.ts';
import { resolveReferences, type SecretUser } from '../secrets/references.ts';
import type { Secrets } from '../secrets/secrets.ts';

export interface EnvironmentSources {
  readonly secrets: Secrets;
  /** Ports by `<service>.<name>`. */
  assignedPorts(): Readonly<Record<string, number>>;
  /** `env` of a service's settings. */
  serviceEnvironment(service: string): Readonly<Record<string, string>>;
  /** Is this service a part of the stack? */
  isWanted(service: string): boolean;
  /** Of this person on this machine. */
  userOverrides(): Readonly<Record<string, string>>;
}

/** All layers merged, secrets filled in, each as the layer may use it. Rejects with NOT_FOUND for a secret that is not there for it. */
export async function projectEnvironment(
  project: ProjectConfig,
  service: string,
  sources: EnvironmentSources,
): Promise<Record<string, string>> {
  const { secrets } = sources;
  const layers = {
    base: await databaseEnvironment(sources, secrets),
    service: sources.serviceEnvironment(service),
    project: project.overrides,
    user: sources.userOverrides(),
  };
  const userOf = (name: string): SecretUser | null =>
    name in layers.user
      ? { kind: 'app' }
      : name in layers.project
        ? { kind: 'project', id: project.id }
        : name in layers.service
          ? { kind: 'service', id: service }
          : null;
  const resolved = Object.entries(mergeEnvironment(layers)).map(async ([name, value]) => {
    const user = userOf(name);
    return [name, user === null ? value : await resolveReferences(value, secrets, user)] as const;
  });
  return Object.fromEntries(await Promise.all(resolved));
}

/** How a project's code reaches the databases and the mail catcher; of what is no part of the stack there is no word. */
async function databaseEnvironment(
  { assignedPorts, isWanted }: EnvironmentSources,
  secrets: Secrets,
): Promise<Record<string, string>> {
  const assigned = assignedPorts();
  const password = (service: string): Promise<string> =>
    secrets.ensure({ key: `${service}-password`, scope: 'service' });
  const postgres = {
    POSTGRES_HOST: '127.0.0.1',
    POSTGRES_PORT: String(assigned['postgres.db'] ?? 5432),
    POSTGRES_USER: 'kojibox',
    POSTGRES_PASSWORD: await password('postgres'),
    POSTGRES_DB: 'postgres',
  };
  const mariadb = {
    MARIADB_HOST: '127.0.0.1',
    MARIADB_PORT: String(assigned['mariadb.db'] ?? 3306),
    MARIADB_USER: 'kojibox',
    MARIADB_PASSWORD: await password('mariadb'),
  };
  const redisPort = String(assigned['redis.redis'] ?? 6379);
  const redisPassword = await password('redis');
  const redis = {
    REDIS_HOST: '127.0.0.1',
    REDIS_PORT: redisPort,
    REDIS_PASSWORD: redisPassword,
    REDIS_URL: `redis://:${encodeURIComponent(redisPassword)}@127.0.0.1:${redisPort}`,
  };
  return {
    ...(isWanted('postgres') ? postgres : {}),
    ...(isWanted('mariadb') ? mariadb : {}),
    MAIL_HOST: '127.0.0.1',
    MAIL_PORT: String(assigned['mail.smtp'] ?? 1025),
    MAILER_DSN: `smtp://127.0.0.1:${assigned['mail.smtp'] ?? 1025}`,
    ...(isWanted('redis') ? redis : {}),
  };
}
