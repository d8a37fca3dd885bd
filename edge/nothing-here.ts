/** A site without an answer: its developer wants to know whether a folder is gone or only empty, or which link is closed. */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
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

/** Answers 403. @param leadsTo where a link leads that is not allowed */
export function failAsForbidden(exchange: Exchange, leadsTo: string | undefined): void {
  // A visitor from the network does not learn where folders of this machine lie.
  if (leadsTo === undefined || !exchange.peer.isSecure) {
    fail(exchange, 403);
    return;
  }
  const project = exchange.project ?? 'PROJECT';
  fail(exchange, 403, {
    hint: `A link leads from here to ${leadsTo}, which is outside the folder of the project. A setting of the project can allow it.`,
    cure: [`koji project set ${project} --overrides ALLOWED_LINKS=${dirname(leadsTo)}`],
  });
}
