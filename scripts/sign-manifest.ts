/** npm run manifest -- KEYFILE: makes runtime/manifest.json from runtime/runtimes.ts and signs it. The key stays where it is. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { RuntimeManifest } from '../contract/manifest.ts';
import { signManifest } from '../core/runtimes/manifest.ts';
import { entries } from '../runtime/runtimes.ts';

const keyFile = process.argv[2];
if (keyFile === undefined) {
  process.stderr.write('usage: npm run manifest -- PRIVATE-KEY.pem\n');
  process.exit(2);
}

const manifest: RuntimeManifest = {
  version: '1',
  services: entries.map(({ program, platform, ...entry }) => {
    const [os = '', arch = ''] = platform.split('-');
    return {
      ...entry,
      os,
      arch,
      checksum: entry.source?.type === 'npm' ? `sha512:${entry.source.sha512}` : 'archive-signature',
      binPath: `runtime/bin/${entry.name}/${entry.version}/${platform}/${program}`,
    };
  }),
  bundle: { createdAt: `${new Date().toISOString().slice(0, 19)}Z`, source: 'official', signature: '' },
};
const file = new URL('../runtime/manifest.json', import.meta.url);
writeFileSync(file, `${JSON.stringify(signManifest(manifest, readFileSync(keyFile, 'utf8')), null, 2)}\n`);
process.stdout.write(`signed ${manifest.services.length} entries\n`);
