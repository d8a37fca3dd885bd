/** The signed update feed: which versions there are, for whom, and the digest of each. */
import { z } from 'zod';
import { KojiboxError } from '../../contract/errors.ts';
import { signDocument, verifyDocument } from '../signing/signed-document.ts';

const VERSION = /^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?$/;

export const ReleaseSchema = z.object({
  version: z.string().regex(VERSION),
  channel: z.enum(['stable', 'beta']),
  os: z.string(),
  arch: z.string(),
  /** Where the archive is; relative to the feed, or whole. */
  url: z.string().min(1),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  size: z.int().positive(),
  notes: z.string().default(''),
  /** `headless`: an archive for the versioned installation; `app`: an installer of the desktop app. */
  package: z.enum(['headless', 'app']).default('headless'),
});
export type Release = z.infer<typeof ReleaseSchema>;

/** A runtime manifest that is newer than the one of the build. It has a signature of its own. */
const ManifestPointerSchema = z.object({
  url: z.string().min(1),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  createdAt: z.iso.datetime(),
});
export type ManifestPointer = z.infer<typeof ManifestPointerSchema>;

const FeedSchema = z.object({
  schemaVersion: z.literal(1),
  createdAt: z.iso.datetime(),
  releases: z.array(ReleaseSchema),
  runtimeManifest: ManifestPointerSchema.optional(),
  signature: z.string(),
});
export type Feed = z.infer<typeof FeedSchema>;
/** What is signed, as the release scripts write it. */
export type UnsignedFeed = Omit<z.input<typeof FeedSchema>, 'signature'>;

export interface Machine {
  readonly os: string;
  readonly arch: string;
  /** Default `headless`. */
  readonly package?: Release['package'];
  /** How the names of installers end that this app can be replaced with, e.g. `.deb`; without it any. */
  readonly ending?: string;
}

export interface WantedRelease extends Machine {
  readonly channel: 'stable' | 'beta';
  readonly current: string;
  /** True for a build that was tried here and failed. */
  isSkipped?(release: Release): boolean;
}

/**
 * @param text as it was fetched
 * @param trustedKeys PEM public keys of this build; any may have signed, so that keys can be changed over time
 * Throws UPDATE_SIGNATURE_INVALID for whatever was not signed like this, before any of it is believed.
 */
export function openFeed(text: string, trustedKeys: readonly string[]): Feed {
  const refuse = (detail: string, cause?: unknown): KojiboxError =>
    new KojiboxError('UPDATE_SIGNATURE_INVALID', 'Update package signature mismatch', {
      detail: `the update feed cannot be used: ${detail}`,
      source: 'updater',
      cause,
    });
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    throw refuse(cause instanceof Error ? cause.message : 'not JSON', cause);
  }
  const parsed = FeedSchema.safeParse(document);
  if (!parsed.success) throw refuse(z.prettifyError(parsed.error));
  const verdict = verifyDocument(
    { ...(document as Record<string, unknown>), signature: '' },
    parsed.data.signature,
    trustedKeys,
  );
  if (!verdict.ok) throw refuse(verdict.detail);
  return parsed.data;
}

/** @returns the feed as JSON with its signature */
export function signFeed(feed: UnsignedFeed, privateKey: string): string {
  const unsigned = { ...feed, signature: '' };
  return `${JSON.stringify({ ...unsigned, signature: signDocument(unsigned, privateKey) }, null, 2)}\n`;
}

/**
 * Throws UPDATE_STALE for a feed from before the newest one seen: someone who can alter the network could otherwise hide a fix for ever by
 * sending an old feed again.
 * @param seenCreatedAt of the newest feed seen so far; null: none was
 */
export function assertNotReplayed(feed: Feed, seenCreatedAt: string | null): void {
  if (seenCreatedAt === null || Date.parse(feed.createdAt) >= Date.parse(seenCreatedAt)) return;
  throw new KojiboxError('UPDATE_STALE', 'cannot use the update feed', {
    detail: `it was made at ${feed.createdAt}; one from ${seenCreatedAt} was already seen`,
    source: 'updater',
  });
}

/** The newest release for this machine that is newer than `current`; null when there is none. Who takes beta takes stable too. */
export function newestRelease(feed: Feed, wanted: WantedRelease): Release | null {
  const [newest] = feed.releases
    .filter(
      (release) =>
        isFor(release, wanted) &&
        (release.channel === 'stable' || wanted.channel === 'beta') &&
        compareVersions(release.version, wanted.current) > 0 &&
        wanted.isSkipped?.(release) !== true,
    )
    .sort((a, b) => compareVersions(b.version, a.version));
  return newest ?? null;
}

/** The release of exactly this version for this machine; null when the feed has none. Channels do not matter to who names a version. */
export function releaseOf(feed: Feed, machine: Machine, version: string): Release | null {
  return feed.releases.find((release) => release.version === version && isFor(release, machine)) ?? null;
}

const isFor = (release: Release, machine: Machine): boolean =>
  release.os === machine.os &&
  release.arch === machine.arch &&
  release.package === (machine.package ?? 'headless') &&
  release.url.endsWith(machine.ending ?? '');

/** Order of precedence of Semantic Versioning 2.0.0, section 11. */
export function compareVersions(a: string, b: string): number {
  const parse = (text: string): { numbers: number[]; pre: string[] } => {
    const [core = '', pre = ''] = (text.split('+')[0] ?? '').split(/-(.*)/s);
    return { numbers: core.split('.').map(Number), pre: pre === '' ? [] : pre.split('.') };
  };
  const [left, right] = [parse(a), parse(b)];
  for (let index = 0; index < 3; index++) {
    const difference = (left.numbers[index] ?? 0) - (right.numbers[index] ?? 0);
    if (difference !== 0) return difference;
  }
  // A version without a pre-release is above all with one.
  if (left.pre.length === 0 || right.pre.length === 0) return right.pre.length - left.pre.length;
  for (let index = 0; index < Math.max(left.pre.length, right.pre.length); index++) {
    const [x, y] = [left.pre[index], right.pre[index]];
    if (x === undefined) return -1;
    if (y === undefined) return 1;
    if (x === y) continue;
    const [xIsNumber, yIsNumber] = [/^\d+$/.test(x), /^\d+$/.test(y)];
    if (xIsNumber && yIsNumber) return Number(x) - Number(y);
    if (xIsNumber !== yIsNumber) return xIsNumber ? -1 : 1;
    return x < y ? -1 : 1;
  }
  return 0;
}
