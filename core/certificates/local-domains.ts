import { sayTrust } from '../../contract/sentences/trust.ts';
import type { Sentence } from '../../contract/sentences/sentence.ts';

/** Names reserved for local use (RFC 2606, RFC 6761, RFC 8375 and the internal TLD); the local authority can vouch for nothing else. */
export const LOCAL_DOMAINS = ['test', 'localhost', 'internal', 'home.arpa', 'local', 'lan'];

/** @returns whether the name is one of these or below it */
export const isLocalName = (name: string): boolean =>
  LOCAL_DOMAINS.some((suffix) => name === suffix || name.endsWith(`.${suffix}`));

/** Why no certificate can be made for the name. */
export const notLocal = (domain: string): Sentence =>
  sayTrust('notLocal', { domain, local: LOCAL_DOMAINS.map((name) => `.${name}`).join(', ') });
