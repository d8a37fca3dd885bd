/** Which packages of a closure a private tree needs. What runs maintainer scripts, boots a system or comes from the system itself is left out. */

const LEFT_OUT = new RegExp(
  `^(${[
    'libc-bin',
    'libc-dev-bin',
    'libc6-.*',
    'gcc-.*-base',
    'libperl5.*',
    'perl.*',
    'lib.*-perl',
    'libpam-(modules|runtime|systemd).*',
    'libsemanage.*',
    'libsepol.*',
    'libdevmapper.*',
    'libcryptsetup.*',
    'libfdisk1',
    'libkmod2',
    'libip4tc2',
    'libjson-c5',
    'libsmartcols1',
    'libllvm.*',
    'libz3.*',
    'libncursesw6',
    'libproc2.*',
    'libsystemd-shared',
    'libx11-data',
    'libaudit-common',
    'libbpf.*',
    'libxtables.*',
    'libmagic-mgc',
    'libdpkg.*',
    'php-common',
  ].join('|')})$`,
);
const KEPT =
  /^(lib.*|php.*|zlib1g|mariadb.*|redis.*|composer|jsonlint|adminer|postgresql-client.*|media-types|memcached|tzdata)$/;

/** Every tree brings its own C library with its loader: nothing of it depends on the system's. */
export const isWanted = (name: string): boolean => KEPT.test(name) && !LEFT_OUT.test(name);

/** `1:10.11.19-0+deb12u1` is 10.11.19 for people; see deb-version(7). */
export function upstreamVersion(version: string): string {
  return version
    .replace(/^\d+:/, '')
    .replace(/-[^-]*$/, '')
    .replace(/[+~](dfsg|ds|git|really).*$/, '');
}
