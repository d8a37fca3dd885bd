/**
 * npm run release:feed -- KEYFILE FEED ARCHIVE… [--channel stable|beta] [--notes FILE] [--base-url URL] [--manifest FILE]: enters archives (and
 * a newer list of runtimes) into the update feed and signs it. What the feed had for the same version and platform is replaced; all else
 * stays. The key stays where it is.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, extname } from 'node:path';
import { parseArgs } from 'node:util';
import { signFeed, type UnsignedFeed } from '../../core/updater/feed.ts';
import { describeFile, parseArchiveName, parseInstallerName } from './headless.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    channel: { type: 'string', default: 'stable' },
    notes: { type: 'string' },
    'base-url': { type: 'string', default: '' },
    manifest: { type: 'string' },
  },
});
const [keyFile, feedFile, ...archives] = positionals;
if (keyFile === undefined || feedFile === undefined || (archives.length === 0 && values.manifest === undefined)) {
  process.stderr.write(
    'usage: npm run release:feed -- PRIVATE-KEY.pem FEED.json ARCHIVE… [--channel beta] [--notes FILE]\n',
  );
  process.exit(2);
}
const channel = values.channel === 'beta' ? 'beta' : 'stable';
const notes = values.notes === undefined ? '' : readFileSync(values.notes, 'utf8').trim();
const before: Partial<UnsignedFeed> = existsSync(feedFile)
  ? (JSON.parse(readFileSync(feedFile, 'utf8')) as UnsignedFeed)
  : {};

const releases = archives.map((archive) => {
  const named = parseArchiveName(basename(archive)) ?? parseInstallerName(basename(archive));
  if (named === null) throw new Error(`${archive} is not named as release:archive and dist name their files`);
  return {
    ...named,
    ...describeFile(archive),
    channel,
    notes,
    url: `${values['base-url']}${basename(archive)}`,
  } as const;
});
const kept = (before.releases ?? []).filter(
  (old) =>
    !releases.some(
      (added) =>
        added.version === old.version &&
        added.os === old.os &&
        added.arch === old.arch &&
        added.package === (old.package ?? 'headless') &&
        extname(added.url) === extname(old.url),
    ),
);
const { manifest } = values;
const runtimeManifest =
  manifest === undefined
    ? before.runtimeManifest
    : {
        url: `${values['base-url']}${basename(manifest)}`,
        sha256: describeFile(manifest).sha256,
        createdAt: (JSON.parse(readFileSync(manifest, 'utf8')) as { bundle: { createdAt: string } }).bundle.createdAt,
      };
const feed: UnsignedFeed = {
  schemaVersion: 1,
  createdAt: `${new Date().toISOString().slice(0, 19)}Z`,
  releases: [...kept, ...releases],
  ...(runtimeManifest === undefined ? {} : { runtimeManifest }),
};
writeFileSync(feedFile, signFeed(feed, readFileSync(keyFile, 'utf8')));
process.stdout.write(`signed ${feed.releases.length} releases\n`);
