/** Which settings reach a project's code: base, then service, then project, then user; the later wins. */

/** Overrides that steer Kojibox itself and are not part of the environment. */
const STEERING: ReadonlySet<string> = new Set([
  'PHP_VERSION',
  'NODE_VERSION',
  'DOCUMENT_ROOT',
  'ALLOWED_LINKS',
  'COMMAND',
  'TARGET',
  'FALLBACK',
  'XDEBUG',
]);
/** A server of the stack, maybe with a database: which one the project uses. Any other value of DATABASE is a variable of its code. */
export const DATABASE_SETTING =
  /^(?:none|(?<server>mariadb|mysql|postgres|postgresql)(?:\/(?<name>[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}))?)$/;
const isSteering = (name: string, value: string): boolean =>
  STEERING.has(name) || (name === 'DATABASE' && DATABASE_SETTING.test(value));
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** @returns whether it can be the name of a variable of the environment (POSIX.1-2024, section 8.1) */
export const isVariableName = (name: string): boolean => VARIABLE.test(name);

export interface EnvironmentLayers {
  /** How the databases are reached. */
  readonly base: Readonly<Record<string, string>>;
  /** `env` of the service that runs the code. */
  readonly service: Readonly<Record<string, string>>;
  /** `overrides` of the project. */
  readonly project: Readonly<Record<string, string>>;
  /** `overrides` of the app's settings: of this person on this machine. */
  readonly user: Readonly<Record<string, string>>;
}

/** The environment, without what is no variable; secret references are still in it. */
export function mergeEnvironment({ base, service, project, user }: EnvironmentLayers): Record<string, string> {
  const merged = { ...base, ...service, ...project, ...user };
  return Object.fromEntries(
    Object.entries(merged).filter(([name, value]) => isVariableName(name) && !isSteering(name, value)),
  );
}
