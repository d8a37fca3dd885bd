/** Whether a certificate is a local authority as this product makes them, so that nothing else ever gets into a trust store. RFC 5280. */
import { X509Certificate } from 'node:crypto';
import { encode, parse, sequence, tagged, type Asn1 } from '../certificates/der.ts';
import { LOCAL_DOMAINS } from '../certificates/local-domains.ts';
import { rootExtensions, type RootForm } from '../certificates/x509.ts';

const MAX_DAYS = 3660;
const DAY_MS = 86_400_000;
const ONE_CERTIFICATE = /^\s*-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+-----END CERTIFICATE-----\s*$/;

export interface Authority {
  /** Written again from what was parsed: nothing that stood around it is kept. */
  readonly pem: string;
  /** SHA-256, lower-case hex. */
  readonly fingerprint: string;
}

/**
 * Accepts only: one certificate; issued by itself and signed by its own key (EC P-256); O=Kojibox; at most ten years, not expired;
 * and, byte for byte, the extensions that `issueRoot` gives: critical CA with path length 0, key usage for signing certificates alone,
 * and a critical name constraint to local names and loopback. Such an authority can vouch for no public name, whoever holds its key.
 *
 * @param now ms since 1970
 * @returns the authority, or why it is refused
 */
export function readAuthority(text: string, now: number): Authority | { readonly refused: string } {
  if (!ONE_CERTIFICATE.test(text.replaceAll('\r', ''))) return { refused: 'it is not one certificate in PEM' };
  try {
    const certificate = new X509Certificate(text);
    const why = objection(certificate, now);
    if (why !== null) return { refused: why };
    return {
      pem: certificate.toString(),
      fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    };
  } catch (error) {
    return { refused: `it cannot be read (${error instanceof Error ? error.message : String(error)})` };
  }
}

/** How a certificate is limited: as now, as former versions wrote it, or in no way of Kojibox. */
export function limitsOf(certificate: X509Certificate): RootForm | null {
  const forms = ['current', 'former'] as const;
  const found = extensionsOf(certificate);
  const { publicKey } = certificate;
  return (
    forms.find(
      (form) => encode(tagged(3, true, [sequence(...rootExtensions(publicKey, LOCAL_DOMAINS, form))])) === found,
    ) ?? null
  );
}

/** TBSCertificate: version, serial, algorithm, issuer, validity, subject, key, extensions (section 4.1). */
function extensionsOf(certificate: X509Certificate): string | null {
  const fields = ((parse(certificate.raw).value as Asn1[])[0]?.value ?? []) as Asn1[];
  const extensions = fields[7];
  return fields.length !== 8 || extensions === undefined ? null : encode(extensions);
}

function objection(certificate: X509Certificate, now: number): string | null {
  const { publicKey, subject, issuer } = certificate;
  if (!/^O=Kojibox\nCN=Kojibox local CA [^\n]*$/.test(subject))
    return 'its subject is not a local authority of Kojibox';
  if (subject !== issuer || !certificate.verify(publicKey)) return 'it is not signed by itself';
  if (publicKey.asymmetricKeyType !== 'ec' || publicKey.asymmetricKeyDetails?.namedCurve !== 'prime256v1')
    return 'its key is not an EC key on P-256';
  const [from, to] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)];
  if (!(to > now)) return 'it has expired';
  if (!(to - from <= MAX_DAYS * DAY_MS)) return 'it is valid for longer than ten years';
  // An authority of a former version is limited to local hosts as well, and homes that have it go on with it.
  if (limitsOf(certificate) === null) return 'it is not limited to local names in the way of Kojibox';
  return null;
}
