/** A site without an answer: somebody who just made it wants to know whether its folder is gone or only empty. */
import { existsSync } from 'node:fs';
import { fail, type Exchange } from './exchange.ts';

/** Answers 404. @param indexes files that would have been the first page */
export function failAsMissing(exchange: Exchange, documentRoot: string, indexes: readonly string[]): void {
  // Looked at only now: requests that find their file do not pay for it. The path itself stays here; the site may be shared.
  if (!existsSync(documentRoot)) {
    const hint = 'The folder of this site is not there. Bring it back, or give the project another one.';
    fail(exchange, 404, { hint, cure: ['koji project list'] });
  } else if (exchange.path === '/')
    fail(exchange, 404, { hint: `The folder of this site has no ${indexes.join(' or ')} yet.` });
  else fail(exchange, 404);
}
