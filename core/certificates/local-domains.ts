import { sayTrust } from '../../contract/sentences/trust.ts';
import type { Sentence } from '../../contract/sentences/sentence.ts';

/** Names reserved for local use (RFC 2606, RFC 6761, RFC 8375 and the internal TLD); the local authority can vouch for nothing else. */
export const LOCAL_DOMAINS = ['test', 'localhost', 'internal', 'home.arpa', 'local', 'lan'];

/**
 * Names under these that have an owner: programs ask them for credentials and for the machine that they run on. Neither the hosts
 * file nor a certificate may name them.
 */
export const FOREIGN_DOMAINS = [
  // Metadata and hosts of cloud providers.
  'google.internal',
  'compute.internal',
  'ec2.internal',
  'goog.internal',
  'oraclevcn.internal',
  // Names that container engines and orchestrators give.
  'docker.internal',
  'containers.internal',
  'lima.internal',
  'orb.internal',
  'cluster.local',
  'kubernetes.local',
];

const isBelow = (name: string, suffix: string): boolean => name === suffix || name.endsWith(`.${suffix}`);

/** @returns whether the name is a local one, or below one, that has no other owner */
export const isLocalName = (name: string): boolean =>
  LOCAL_DOMAINS.some((suffix) => isBelow(name, suffix)) && !FOREIGN_DOMAINS.some((suffix) => isBelow(name, suffix));

/** Why no certificate can be made for the name. */
export const notLocal = (domain: string): Sentence =>
  sayTrust('notLocal', { domain, local: LOCAL_DOMAINS.map((name) => `.${name}`).join(', ') });
