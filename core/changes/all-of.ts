import { KojiboxError } from '../../contract/errors.ts';
import { toError } from './to-error.ts';

/** The first failure, with the names of all others, of work whose parts cost themselves alone. */
export function allOf(failures: readonly unknown[]): KojiboxError {
  const [first, ...others] = failures.map(toError);
  if (first === undefined) throw new Error('there is no failure');
  if (others.length === 0) return first;
  return new KojiboxError(first.code, first.message, {
    detail: [first.detail, ...others.map(({ message, detail }) => `${message}: ${detail}`)].join('\n'),
    source: first.source,
    remedy: first.remedy,
    cause: first,
  });
}
