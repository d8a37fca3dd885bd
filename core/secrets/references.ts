/** `${secret:db-password}` in settings: the value is put in when a service starts, and nowhere else. */
import { KojiboxError } from '../../contract/errors.ts';
import type { SecretRef, Secrets } from './secrets.ts';

const REFERENCE = /\$\{secret:([^}]*)\}/g;
const KEY = /^[a-z0-9][a-z0-9._-]{0,63}$/;
/** Kojibox makes them. Projects get logins of their own; settings that name one of these ask for the administrator's. */
const DATABASE_PASSWORD = /^(postgres|mariadb|redis)(-\d+(\.\d+)?)?-password$/;

/** Whether a value holds a reference to a secret. */
export const hasReference = (text: string): boolean => /\$\{secret:/.test(text);

/** Whose settings hold a reference: it gets the secrets of its own, and those of the app. */
export type SecretUser =
  | { readonly kind: 'project'; readonly id: string }
  | { readonly kind: 'service'; readonly id: string }
  /** Settings of this person for all projects. */
  | { readonly kind: 'app' };

/** Where a key is looked for, the nearest first. No other project or service is among them. */
function placesOf(key: string, user: SecretUser): SecretRef[] {
  const own: SecretRef[] =
    user.kind === 'app'
      ? []
      : [
          { key, scope: user.kind, owner: user.id },
          { key, scope: user.kind },
        ];
  const shared: SecretRef[] = DATABASE_PASSWORD.test(key) ? [{ key, scope: 'service' }] : [];
  return [...own, { key, scope: 'app' }, ...shared];
}

/** @returns the text with each reference replaced. Rejects with NOT_FOUND for a secret that is not there for this user. */
export async function resolveReferences(
  text: string,
  secrets: Pick<Secrets, 'get'>,
  user: SecretUser,
): Promise<string> {
  let resolved = '';
  let end = 0;
  for (const match of text.matchAll(REFERENCE)) {
    resolved += text.slice(end, match.index) + (await valueOf(match[1] ?? '', secrets, user));
    end = match.index + match[0].length;
  }
  return resolved + text.slice(end);
}

/** The same for every value. */
export async function resolveAll(
  values: Readonly<Record<string, string>>,
  secrets: Pick<Secrets, 'get'>,
  user: SecretUser,
): Promise<Record<string, string>> {
  const pairs = await Promise.all(
    Object.entries(values).map(async ([name, value]) => [name, await resolveReferences(value, secrets, user)] as const),
  );
  return Object.fromEntries(pairs);
}

/** The same, and the error names the setting. @param field of which `values` are parts, e.g. `env` */
export async function resolveSettings(
  values: Readonly<Record<string, string>> | readonly string[],
  secrets: Pick<Secrets, 'get'>,
  user: SecretUser,
  field: string,
): Promise<void> {
  for (const [name, value] of Object.entries(values)) {
    try {
      await resolveReferences(value, secrets, user);
    } catch (cause) {
      if (!(cause instanceof KojiboxError)) throw cause;
      const { code, message, detail, source, remedy } = cause;
      throw new KojiboxError(code, `${message} in ${field}.${name}`, {
        detail,
        source,
        remedy,
        field: `${field}.${name}`,
        cause,
      });
    }
  }
}

async function valueOf(key: string, secrets: Pick<Secrets, 'get'>, user: SecretUser): Promise<string> {
  if (KEY.test(key)) {
    for (const place of placesOf(key, user)) {
      const value = await secrets.get(place);
      if (value !== null) return value;
    }
  }
  throw new KojiboxError('NOT_FOUND', `cannot fill in \${secret:${key}}`, {
    detail:
      user.kind === 'app'
        ? `there is no secret "${key}" for the app`
        : `there is no secret "${key}" for the ${user.kind} ${user.id} or for the app`,
    source: 'secrets',
    remedy: KEY.test(key)
      ? `Set it with: koji secrets set ${key} ${user.kind === 'app' ? 'app' : `${user.kind} --owner ${user.id}`}`
      : 'Use a name of lower-case letters, digits, dots, hyphens and underscores.',
  });
}
