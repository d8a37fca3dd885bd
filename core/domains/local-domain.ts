/** The one rule for names of sites: the local authority must be able to vouch for them, and Kojibox must not use them itself. */
import { KojiboxError } from '../../contract/errors.ts';
import { sayProblem } from '../../contract/sentences/problems.ts';
import { sayTrust } from '../../contract/sentences/trust.ts';
import { isLocalName, notLocal } from '../certificates/local-domains.ts';

/** Sites of Kojibox itself. */
const RESERVED: ReadonlySet<string> = new Set(['kojibox.localhost', 'adminer.localhost']);

/**
 * @param field parameter that holds the name, for the form
 * @throws VALIDATION_FAILED for a name that no certificate can be made for, DOMAIN_TAKEN for one that Kojibox uses
 */
export function assertLocalDomain(domain: string, field = 'domain'): void {
  if (RESERVED.has(domain))
    throw new KojiboxError('DOMAIN_TAKEN', sayProblem('cannotUseDomain', { domain }), {
      detail: sayProblem('isReserved'),
      source: 'domains',
      field,
      remedy: sayProblem('chooseOther'),
    });
  if (isLocalName(domain)) return;
  throw new KojiboxError('VALIDATION_FAILED', sayProblem('cannotUseDomain', { domain }), {
    detail: notLocal(domain),
    source: 'domains',
    field,
    remedy: sayTrust('chooseLocal'),
  });
}

/** @returns the error of `assertLocalDomain`, or null */
export function localDomainError(domain: string): KojiboxError | null {
  try {
    assertLocalDomain(domain);
    return null;
  } catch (error) {
    if (error instanceof KojiboxError) return error;
    throw error;
  }
}
