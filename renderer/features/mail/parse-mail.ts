/** A mail as the window shows it. Bounded, whatever the mail is made of; what cannot be taken apart is shown as its source. */
import PostalMime, { type Email } from 'postal-mime';

/** Bytes that are taken apart; parsing is one task of the page, which answers nothing else until it ends. */
const MAX_PARSED_BYTES = 16 * 1024 * 1024;
/** Characters of a text that are shown. */
const MAX_SHOWN_CHARACTERS = 2_000_000;
const MAX_ATTACHMENTS = 100;
/** Parts are separated by lines that begin with two hyphens (RFC 2046 section 5.1.1); a mail with more is no mail of people. */
const MAX_BOUNDARY_LINES = 5000;
const LIMITS = { maxNestingDepth: 50, maxHeadersSize: 512 * 1024 };

export interface ShownMail {
  /** Null: only its source can be shown. */
  readonly email: Email | null;
  readonly source: string;
  /** Something is left out. */
  readonly isShortened: boolean;
}

export async function parseMail(bytes: Uint8Array): Promise<ShownMail> {
  const source = new TextDecoder().decode(bytes.subarray(0, MAX_SHOWN_CHARACTERS));
  const parsed = await parseBounded(bytes);
  if (parsed === null) return { email: null, source, isShortened: bytes.length > MAX_SHOWN_CHARACTERS };
  const email = shorten(parsed);
  const lengthOf = ({ html, text, attachments }: Email): number =>
    (html?.length ?? 0) + (text?.length ?? 0) + attachments.length;
  return { email, source, isShortened: lengthOf(email) < lengthOf(parsed) || bytes.length > MAX_SHOWN_CHARACTERS };
}

async function parseBounded(bytes: Uint8Array): Promise<Email | null> {
  if (bytes.length > MAX_PARSED_BYTES || boundaryLines(bytes) > MAX_BOUNDARY_LINES) return null;
  try {
    return await PostalMime.parse(bytes, LIMITS);
  } catch {
    return null; // Nested too deeply, or its head is too large: the library gives up.
  }
}

const shorten = (email: Email): Email => ({
  ...email,
  attachments: email.attachments.slice(0, MAX_ATTACHMENTS),
  ...(email.html === undefined ? {} : { html: email.html.slice(0, MAX_SHOWN_CHARACTERS) }),
  ...(email.text === undefined ? {} : { text: email.text.slice(0, MAX_SHOWN_CHARACTERS) }),
});

function boundaryLines(bytes: Uint8Array): number {
  let count = 0;
  for (let at = bytes.indexOf(10); at !== -1 && count <= MAX_BOUNDARY_LINES; at = bytes.indexOf(10, at + 1))
    if (bytes[at + 1] === 45 && bytes[at + 2] === 45) count += 1;
  return count;
}
