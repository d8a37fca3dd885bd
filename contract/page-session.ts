/**
 * How a page and the daemon recognise each other after the daemon was away: both know the secret of the page's session, and neither sends
 * it. Each proves it by an HMAC over values that both have just chosen, the daemon first, because another program may have taken its port. The port is in
 * every proof, so that such a program cannot pass them on to the daemon at its next one.
 */
import { z } from 'zod';

/** Of one page; given once, for a ticket. */
export const PageSessionSchema = z.object({
  /** Level, end and number; told to the daemon, which derives the secret from it. */
  id: z.string().max(200),
  /** Hexadecimal, 256 bits. */
  secret: z.string().regex(/^[0-9a-f]{64}$/),
});
export type PageSession = z.infer<typeof PageSessionSchema>;

/** What `POST /session` answers. */
export const ChallengeSchema = z.object({ nonce: z.string().max(200), proof: z.string().max(200) });

/** The text that a proof or the key is the HMAC-SHA-256 of, under the secret of the session. */
export const sessionText = (
  what: 'daemon' | 'page' | 'key',
  { port, pageNonce, daemonNonce }: { readonly port: number; readonly pageNonce: string; readonly daemonNonce: string },
): string => `kojibox ${what} ${port} ${pageNonce} ${daemonNonce}`;
