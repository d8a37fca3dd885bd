/** What a signed `Release` file says; see the wiki page "DebianRepository/Format". */
import { parseParagraph } from './control.ts';

export interface IndexFile {
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
}

export interface Release {
  readonly suite: string;
  readonly codename: string;
  /** Milliseconds since 1970. */
  readonly date: number;
  readonly validUntil: number | null;
  readonly byHash: boolean;
  readonly components: readonly string[];
  /** Packages of all architectures are in the index of each one. */
  readonly files: ReadonlyMap<string, IndexFile>;
}

/** Release files say "Sat, 11 Jul 2026 10:16:37 UTC" and nothing else. */
const DATE = /^[A-Z][a-z]{2}, {1,2}\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d (UTC|GMT|\+0000)$/;
/** No index that is used is larger; sid's is 12 MB. */
const MAX_INDEX_BYTES = 200_000_000;

const dateOf = (text: string | undefined): number | null =>
  text !== undefined && DATE.test(text) && Number.isFinite(Date.parse(text)) ? Date.parse(text) : null;

/** @returns null when something is missing or unreadable: a signed file that is not understood is not used */
export function parseRelease(text: string): Release | null {
  const fields = parseParagraph(text.replace(/\n+$/, ''));
  const date = dateOf(fields?.get('date'));
  if (fields === null || date === null) return null;
  const until = fields.get('valid-until');
  const validUntil = dateOf(until);
  if (until !== undefined && validUntil === null) return null;
  const files = new Map<string, IndexFile>();
  for (const line of (fields.get('sha256') ?? '').split('\n')) {
    if (line.trim() === '') continue;
    const [, sha256, digits, path] = /^([0-9a-f]{64})\s+(\d{1,12})\s+(\S+)$/.exec(line.trim()) ?? [];
    if (sha256 === undefined || path === undefined) return null;
    const size = Number(digits);
    if (size <= MAX_INDEX_BYTES) files.set(path, { path, size, sha256 });
  }
  return {
    suite: fields.get('suite') ?? '',
    codename: fields.get('codename') ?? '',
    date,
    validUntil,
    byHash: fields.get('acquire-by-hash')?.toLowerCase() === 'yes',
    components: (fields.get('components') ?? '').split(/\s+/).filter(Boolean),
    files,
  };
}
