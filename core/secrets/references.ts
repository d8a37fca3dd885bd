/** `${secret:db-password}` in settings: the value is put in when a service starts, and nowhere else. */
import { KojiboxError } from '../../contract/errors.ts';
import type { SecretRef, Secrets } from './secrets.ts';

const REFERENCE = /\$\{secret:([^}]*)\}/g;
const KEY = /^[a-z0-9][a-z0-9._-]{0,63}$/;
/** The nearest wins. */
const SCOPES: readonly SecretRef['scope'][] = ['service', 'project', 'app'];

/** @returns the text with each reference replaced. Rejects with NOT_FOUND for a secret that nobody set. */
export async function resolveReferences(text: string, secrets: Pick<Secrets, 'get'>): Promise<string> {
  let resolved = '';
  let end = 0;
  for (const match of text.matchAll(REFERENCE)) {
    resolved += text.slice(end, match.index) + (await valueOf(match[1] ?? '', secrets));
    end = match.index + match[0].length;
  }
  return resolved + text.slice(end);
}

/** The same for every value. */
export async function resolveAll(
  values: Readonly<Record<string, string>>,
  secrets: Pick<Secrets, 'get'>,
): Promise<Record<string, string>> {
  const pairs = await Promise.all(
    Object.entries(values).map(async ([name, value]) => [name, await resolveReferences(value, secrets)] as const),
  );
  return Object.fromEntries(pairs);
}

/** The same, and the error names the setting. @param field of which `values` are parts, e.g. `env` */
export async function resolveSettings(
  values: Readonly<Record<string, string>> | readonly string[],
  secrets: Pick<Secrets, 'get'>,
  field: string,
): Promise<void> {
  for (const [name, value] of Object.entries(values)) {
    try {
      await resolveReferences(value, secrets);
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

async function valueOf(key: string, secrets: Pick<Secrets, 'get'>): Promise<string> {
  if (KEY.test(key)) {
    for (const scope of SCOPES) {
      const value = await secrets.get({ key, scope });
      if (value !== null) return value;
    }
  }
  throw new KojiboxError('NOT_FOUND', `cannot fill in \${secret:${key}}`, {
    detail: `there is no secret "${key}" for the app, a project or a service`,
    source: 'secrets',
    remedy: KEY.test(key)
      ? `Set it with: koji secrets set ${key} app`
      : 'Use a name of lower-case letters, digits, dots, hyphens and underscores.',
  });
}
