/** Secrets in settings files: found by the names they have there. */
import { REDACTED, type Redact } from './redact.ts';
import { isSecretName } from './secret-names.ts';

/** Environment variables may hold anything, under any name. Ports and switches are harmless. */
const isEnvironment = (key: string): boolean => /^(?:env|environment)$/i.test(key);
const HARMLESS_VALUE = /^(?:\d{1,5}|true|false|)$/;
const URL_PASSWORD = /:\/\/[^\s:@/]*:([^\s"'<>]+)@/g;

/** The document with every string redacted, and everything gone that stands where a secret stands. */
export function redactDocument(document: unknown, redact: Redact): unknown {
  const walk = (value: unknown, key: string): unknown => {
    if (value === null || typeof value === 'boolean') return value;
    if (isSecretName(key)) return REDACTED;
    if (typeof value === 'string') return redact(value);
    if (typeof value === 'number') return redact(String(value)) === String(value) ? value : REDACTED;
    if (Array.isArray(value))
      return value.map((item, index) => (followsFlag(value, index) ? REDACTED : walk(item, '')));
    if (typeof value !== 'object') return undefined;
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [
        redact(name),
        isEnvironment(key) && !HARMLESS_VALUE.test(String(item)) ? REDACTED : walk(item, name),
      ]),
    );
  };
  return walk(document, '');
}

/** Values in a settings document that are secrets, so that they can be found in logs too. */
export function secretValuesOf(document: unknown): string[] {
  const found: string[] = [];
  const walk = (value: unknown, key: string, isVariable: boolean): void => {
    if (typeof value === 'string' || typeof value === 'number') {
      const text = String(value);
      if (isSecretName(key) || (isVariable && looksSecret(text))) found.push(text);
      for (const [, password] of text.matchAll(URL_PASSWORD)) if (password !== undefined) found.push(password);
      return;
    }
    if (Array.isArray(value)) {
      value.forEach((item, index) => walk(item, followsFlag(value, index) ? 'secret' : key, isVariable));
      return;
    }
    if (typeof value !== 'object' || value === null) return;
    for (const [name, item] of Object.entries(value)) walk(item, name, isEnvironment(key));
  };
  walk(document, '', false);
  return [...new Set(found)].filter((value) => value !== '');
}

/** The value of `--password VALUE`. */
function followsFlag(list: readonly unknown[], index: number): boolean {
  const flag = list[index - 1];
  return typeof flag === 'string' && flag.startsWith('-') && !/[=\s]/.test(flag) && isSecretName(flag);
}

/** Words, names, numbers and addresses do not: masking "postgres" wherever it stands would leave no log to read. */
function looksSecret(value: string): boolean {
  if (value.length < 8 || /[\s/:]/.test(value) || /^[\d.]+$/.test(value) || /^[a-z]{2}_[A-Z]{2}/.test(value))
    return false;
  return value.length >= 16 || /\d/.test(value) || (/[a-z]/.test(value) && /[A-Z]/.test(value));
}
