import { describe, expect, it } from 'vitest';
import { isWanted, upstreamVersion } from './wanted.ts';

describe('the packages of a private tree', () => {
  it.each([
    'php8.2-fpm',
    'php-redis',
    'libssl3',
    'libc6',
    'zlib1g',
    'mariadb-server-core',
    'redis-server',
    'libpam0g',
    'composer',
    'postgresql-client-17',
  ])('have %s', (name) => expect(isWanted(name)).toBe(true));

  it.each([
    'perl-base',
    'libperl5.36',
    'systemd',
    'dpkg',
    'debconf',
    'gcc-12-base',
    'libc-bin',
    'libpam-modules',
    'libllvm14',
    'ucf',
    'procps',
    'php-common',
  ])('do not have %s, which is of the system or runs scripts', (name) => expect(isWanted(name)).toBe(false));
});

describe('the version for people', () => {
  it.each([
    ['8.2.35-1~deb12u1', '8.2.35'],
    ['1:10.11.19-0+deb12u1', '10.11.19'],
    ['5:7.0.15-1~deb12u9', '7.0.15'],
    ['5.2.1+dfsg-1', '5.2.1'],
    ['4.8.1-2', '4.8.1'],
    ['15.20-0+deb12u1', '15.20'],
  ])('of %s is %s', (version, upstream) => expect(upstreamVersion(version)).toBe(upstream));
});
