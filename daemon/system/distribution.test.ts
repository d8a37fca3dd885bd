import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { readDistribution } from './distribution.ts';

const folder = mkdtempSync(join(tmpdir(), 'kojibox-release-'));
afterAll(() => rmSync(folder, { recursive: true }));
const of = (text: string): ReturnType<typeof readDistribution> => {
  writeFileSync(join(folder, 'os-release'), text);
  return readDistribution(join(folder, 'os-release'));
};

it.each([
  ['Debian 12', 'ID=debian\nVERSION_CODENAME=bookworm\n', { family: 'debian', codename: 'bookworm' }],
  [
    'Ubuntu 24.04',
    'ID=ubuntu\nID_LIKE=debian\nVERSION_CODENAME=noble\nUBUNTU_CODENAME=noble\n',
    { family: 'ubuntu', codename: 'noble' },
  ],
  [
    'Linux Mint 21',
    'ID=linuxmint\nID_LIKE="ubuntu debian"\nVERSION_CODENAME=vera\nUBUNTU_CODENAME=jammy\n',
    { family: 'ubuntu', codename: 'jammy' },
  ],
  [
    'LMDE 6',
    'ID=linuxmint\nID_LIKE=debian\nVERSION_CODENAME=faye\nDEBIAN_CODENAME=bookworm\n',
    { family: 'debian', codename: 'bookworm' },
  ],
  ['Fedora', 'ID=fedora\nVERSION_CODENAME=""\n', null],
])('knows %s', (_, text, expected) => expect(of(text)).toEqual(expected));

it('knows nothing where there is no file', () => expect(readDistribution(join(folder, 'none'))).toBeNull());
