import { describe, expect, it } from 'vitest';
import { throughMirror } from './apt-config.ts';
import { parseIndexTargets, parseUriList } from './apt-index.ts';

describe('the indexes that apt keeps', () => {
  it('are found with the file that signs them, and where they belong', () => {
    const line =
      '/l/host_debian-security_dists_x-security_main_binary-amd64_Packages|main/binary-amd64/Packages|x-security|main|http://host/debian-security/dists/x-security/main/binary-amd64/Packages|http://host/debian-security/';
    expect(parseIndexTargets(`${line}\n`)).toEqual([
      {
        archive: 'http://host/debian-security/',
        release: 'x-security',
        component: 'main',
        packagesFile: '/l/host_debian-security_dists_x-security_main_binary-amd64_Packages',
        packagesPath: 'dists/x-security/main/binary-amd64/Packages',
        inReleaseFile: '/l/host_debian-security_dists_x-security_InRelease',
        inReleasePath: 'dists/x-security/InRelease',
      },
    ]);
  });

  it('are refused in a form whose digest is not the signed one', () => {
    const line =
      '/l/h_dists_x_main_binary-amd64_Packages.lz4|main/binary-amd64/Packages|x|main|http://h/dists/x/main/binary-amd64/Packages|http://h/';
    expect(() => parseIndexTargets(line)).toThrow(expect.objectContaining({ code: 'DOWNLOAD_FAILED' }));
  });
});

describe('the list of what would be fetched', () => {
  it('has each package with its whole version', () => {
    const text = [
      'NOTE: something that apt says',
      "'http://h/pool/g/gcc-12/libgcc-s1_12.2.0-14%2bdeb12u1_amd64.deb' libgcc-s1_12.2.0-14+deb12u1_amd64.deb 49856 MD5Sum:9d",
      "'http://h/pool/r/redis/redis-server_7.0.15-1%7edeb12u3_amd64.deb' redis-server_5%3a7.0.15-1~deb12u3_amd64.deb 73476 SHA256:ab",
    ].join('\n');
    expect([...parseUriList(`${text}\n`)]).toEqual([
      ['libgcc-s1', '12.2.0-14+deb12u1'],
      ['redis-server', '5:7.0.15-1~deb12u3'],
    ]);
    expect(parseUriList('').size).toBe(0);
  });
});

describe('a mirror', () => {
  it('stands in for the address and keeps its last folder; all else of a source stays', () => {
    const stanza = (uris: string): string =>
      `Types: deb\nURIs: ${uris}\nSuites: x x-updates\nComponents: main\nSigned-By: /k.gpg\n`;
    expect(
      throughMirror([stanza('http://a/debian/'), stanza('https://b/c/debian-security')], 'http://m:1/base'),
    ).toEqual([stanza('http://m:1/base/debian'), stanza('http://m:1/base/debian-security')]);
    // Two ways to the same archive become one.
    expect(throughMirror([stanza('http://a/debian http://b/debian'), stanza('http://c/debian')], 'http://m')).toEqual([
      stanza('http://m/debian'),
    ]);
  });
});
