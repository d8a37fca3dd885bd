/** Takes secrets and names out of text that will be shown to others. Pure, and linear in the text. */
import { redactPrivateKeys } from './private-keys.ts';
import { SECRET_WORD } from './secret-names.ts';

export const REDACTED = '<redacted>';

export interface Sensitive {
  /** Known values. Those of less than 6 characters are found as whole words only, those of less than 3 not at all. */
  readonly secrets: readonly string[];
  /** Home folders, absolute. */
  readonly homes: readonly string[];
  readonly userNames: readonly string[];
  readonly hostNames: readonly string[];
}

export type Redact = (text: string) => string;

/** Accounts that say nothing about a person; replacing their names would only make the logs unreadable. */
const IMPERSONAL = new Set(
  'root nobody daemon www-data postgres mysql mariadb redis php node edge kojibox admin user host redacted localhost git'.split(
    ' ',
  ),
);

const escape = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
const QUOTED = String.raw`"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|\\"(?:[^"\\\n]|\\[^"])*\\"`;
/** A quotation that nothing ends: the line was cut off. */
const CUT_OFF = String.raw`\\?["'][^\n]*`;
/** To the next space: a password may hold commas and semicolons. */
const BARE = String.raw`[^\s"'<>\\][^\s"<>]*`;

/** What stands before a secret is kept, so that a reader sees what was taken out. */
const PATTERNS: readonly RegExp[] = [
  /((?:proxy-)?authorization\\?["']?\s{0,4}[:=]\s{0,4}\\?["']?)[^\s"'<\\][^\r\n"'\\]*/gi,
  /((?:set-)?cookie\\?["']?\s{0,4}[:=]\s{0,4}\\?["']?)[^\s"'<\\][^\r\n"'\\]*/gi,
  /(\b(?:bearer|basic)\s{1,4})[\w.~+/-]{6,}={0,2}/gi,
  // DB_PASSWORD=…, "token": "…", 'secret' => '…', api-key: …
  new RegExp(
    String.raw`(${SECRET_WORD}[\w.-]{0,40}\\?["']?\]?\s{0,8}(?:=>|:=|=|:)\s{0,8})(?:${QUOTED}|${CUT_OFF}|${BARE})`,
    'gi',
  ),
  // --password …, requirepass …
  new RegExp(
    String.raw`((?:--?[\w-]{0,40}?${SECRET_WORD}[\w-]{0,40}|\b(?:requirepass|masterauth|masteruser))[ \t]{1,8})(?:${QUOTED}|${CUT_OFF}|${BARE})`,
    'gi',
  ),
  // SQL
  new RegExp(String.raw`(\b(?:password|identified\s{1,4}by(?:\s{1,4}password)?)\s{1,4})(?:${QUOTED}|${CUT_OFF})`, 'gi'),
  /(\b(?:mysql|mariadb)[\w-]{0,20}\b[^\n]{0,200}?\s-p)[^\s<-][^\s<]*/gi,
  // -p PASSWORD; neither a port nor a path, which follow that letter elsewhere.
  new RegExp(
    String.raw`((?:^|\s)-p[ \t]{1,8})(?!\d{1,5}(?:[\s:]|$))(?![\w.~$-]{0,200}\/)(?:${QUOTED}|[^\s"'<>\\./~$-][^\s"<>]*)`,
    'gm',
  ),
  /(\bredis-cli\b[^\n]{0,200}?\s-a[ \t]{1,8})[^\s<-][^\s<]*/gi,
  // In the query of a URL: a code, a key, a signature, whatever they look like.
  /([?&;](?:code|key|state|sig|signature|hash|ticket|invite|x-amz-signature|x-amz-credential)=)[^\s&;#"'<>\\]+/gi,
  // Elsewhere these names are common, so that their values must look like what they are: digits and letters mixed.
  // Codes of Google begin with a digit and a slash.
  /((?<![\w.-])(?:code|key|state|ticket|invite)["']?[ \t]{0,2}=[ \t]{0,2}["']?)(?=[\w+/-]{0,200}\d)(?=[\w+/-]{0,200}[a-z])(?:\d\/)?[\w+-]{8,200}={0,2}(?![\w./-])/gi,
  /(\s(?:-u|--user)[ =][^\s:<]{1,100}:)[^\s<"']+/g,
  // scheme://user:password@host; a port with a path behind it is none.
  /(:\/\/[^\s:@/"'<>]{0,200}:)(?!\d{1,5}(?:[/?#\s]|$))[^\s"'<>]{1,500}(?=@)/g,
];

/** scheme://user@host: often a token. */
const USER_OF_URL = /(?<=:\/\/)[^\s:@/"'<>]{1,500}(?=@)/g;

/** Values that give themselves away. */
const SHAPES: readonly RegExp[] = [
  /\beyJ[\w-]{5,}\.[\w-]{5,}(?:\.[\w-]*)?/g, // JSON web token, RFC 7519
  /\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b/g, // AWS access key id
  /\b(?:gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|npm_\w{30,})/g,
  /\b(?:xox[abeprs]-[\w-]{10,}|[rs]k_(?:live|test)_\w{10,}|sk-[\w-]{20,}|AIza[\w-]{30,})/g,
  /\bbase64:[A-Za-z0-9+/]{20,}={0,2}/g, // Laravel's APP_KEY
  /\bSG\.[\w-]{10,}\.[\w-]{10,}/g, // SendGrid
  /\b(?:whsec_|shp(?:at|ca|pa|ss)_|dop_v1_|hf_|sq0(?:atp|csp)-|xkeysib-|sntry[su]_|tskey-|lin_api_|rubygems_|pypi-|nvapi-|glsa_|key-(?=[0-9a-f]{32}))[\w-]{16,}/g,
  /\b(?:AC|SK)[0-9a-f]{32}\b/g, // Twilio
  /\bya29\.[\w-]{20,}/g, // Google OAuth
  /\b\d{8,10}:AA[\w-]{30,}/g, // Telegram bot
  /(?<=\bhooks\.slack\.com\/services\/)[\w/-]+/g,
  /(?<=\bdiscord(?:app)?\.com\/api\/webhooks\/)[\w/-]+/g,
];

export function createRedactor(sensitive: Sensitive): Redact {
  const secrets = literals(sensitive.secrets);
  const homes = sensitive.homes.filter((home) => home.length > 1).flatMap((home) => [home, encodeURIComponent(home)]);
  const home = alternatives(homes, String.raw`(?<![\w-])(?:`, String.raw`)(?![\w-])`);
  const user = names(sensitive.userNames);
  const host = names(sensitive.hostNames.flatMap((name) => [name, name.split('.')[0] ?? '']));

  return (text) => {
    let result = redactPrivateKeys(text, REDACTED);
    // A marker is matched first, so that a secret that is a piece of one does not break it up.
    if (secrets !== null) result = result.replace(secrets, (match) => (isMarker(match) ? match : REDACTED));
    for (const pattern of PATTERNS) result = result.replace(pattern, `$1${REDACTED}`);
    result = result.replace(USER_OF_URL, (name) => (IMPERSONAL.has(name.toLowerCase()) ? name : REDACTED));
    for (const shape of SHAPES) result = result.replace(shape, REDACTED);
    if (home !== null) result = result.replace(home, '~');
    result = result.replaceAll(
      /(?<![\w.-])(?:\/home|\/Users|[A-Z]:\\{1,2}Users)[/\\]{1,2}(?!\.)[^\s/\\"':;,<>()]+/g,
      '~',
    );
    if (user !== null) result = result.replace(user, (match) => (isMarker(match) ? match : '<user>'));
    if (host !== null) result = result.replace(host, (match) => (isMarker(match) ? match : '<host>'));
    return result;
  };
}

const MARKERS = ['<redacted>', '<user>', '<host>'];
const isMarker = (text: string): boolean => MARKERS.includes(text);

/** Null when there is nothing to look for: an empty pattern would match everywhere. */
function alternatives(values: readonly string[], before: string, after: string, flags = 'g'): RegExp | null {
  const longestFirst = [...new Set(values)].sort((a, b) => b.length - a.length);
  return longestFirst.length === 0 ? null : new RegExp(`${before}${longestFirst.map(escape).join('|')}${after}`, flags);
}

/** Each secret as it stands, and as URLs, JSON and base64 write it; of one with several lines also each line. */
function literals(secrets: readonly string[]): RegExp | null {
  const values = secrets.flatMap((secret) => [secret, ...(secret.includes('\n') ? secret.split(/\r?\n/) : [])]);
  const long = values.filter(({ length }) => length >= 6).flatMap(spellings);
  const short = values.filter(({ length }) => length >= 3 && length < 6);
  const anywhere = [...new Set(long)].sort((a, b) => b.length - a.length).map(escape);
  const words = [...new Set(short)].map((word) => String.raw`(?<![\p{L}\p{N}])${escape(word)}(?![\p{L}\p{N}])`);
  return anywhere.length + words.length === 0 ? null : new RegExp([...MARKERS, ...anywhere, ...words].join('|'), 'gu');
}

function spellings(secret: string): string[] {
  const bytes = Buffer.from(secret, 'utf8');
  return [
    secret,
    encodeURIComponent(secret.toWellFormed()),
    JSON.stringify(secret).slice(1, -1),
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('base64url'),
  ];
}

/** Whole words; `_` and `-` end one. */
function names(values: readonly string[]): RegExp | null {
  const personal = values.filter((name) => name.length > 1 && !IMPERSONAL.has(name.toLowerCase()));
  return alternatives(personal, `${MARKERS.join('|')}|(?<![A-Za-z0-9])(?:`, ')(?![A-Za-z0-9])', 'gi');
}
