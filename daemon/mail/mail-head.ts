/** What a list shows of a mail, by its first lines. Bounded, whatever the mail has there. Pure. */
import type { MailSummary } from '../../contract/mail.ts';

/** Characters and recipients that are shown; RFC 5321 section 4.5.3.1 allows an address 256. */
const [MAX_SUBJECT, MAX_ADDRESS, MAX_RECIPIENTS] = [500, 320, 50];

const shorten = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most)}…` : text);

/** RFC 5322 section 2.2: fields may be folded over several lines. */
export function summaryOfHead(head: string): Pick<MailSummary, 'from' | 'to' | 'subject'> {
  const unfolded = head.replaceAll(/\r?\n[ \t]+/g, ' ');
  const field = (name: string): string =>
    decodeWords(new RegExp(`^${name}:[ \\t]*(.*)$`, 'im').exec(unfolded)?.[1]?.trim() ?? '');
  const envelope = /^X-Kojibox-Envelope: <([^>]*)> to (.*)$/im.exec(unfolded);
  const recipients = envelope?.[2]?.split(', ').map((address) => address.slice(1, -1)) ?? field('To').split(/,\s*/);
  const named = recipients.filter((address) => address !== '');
  const shown = named.slice(0, MAX_RECIPIENTS).map((address) => shorten(address, MAX_ADDRESS));
  return {
    from: shorten(field('From') || (envelope?.[1] ?? ''), MAX_ADDRESS),
    to: named.length > shown.length ? [...shown, '…'] : shown,
    subject: shorten(field('Subject'), MAX_SUBJECT),
  };
}

/** Encoded words, RFC 2047. */
function decodeWords(text: string): string {
  return text
    .replaceAll(/(=\?[^?\s]+\?[BQ]\?[^?\s]*\?=)\s+(?==\?)/gi, '$1')
    .replaceAll(/=\?([^?\s]+)\?([BQ])\?([^?\s]*)\?=/gi, (whole, charset: string, encoding: string, value: string) => {
      const bytes =
        encoding.toUpperCase() === 'B'
          ? Buffer.from(value, 'base64')
          : Buffer.from(
              value
                .replaceAll('_', ' ')
                .replaceAll(/=([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))),
              'latin1',
            );
      try {
        return new TextDecoder(charset).decode(bytes);
      } catch {
        return whole; // An unknown charset.
      }
    });
}
