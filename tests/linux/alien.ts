/**
 * Takes from a Debian all that only a Debian has: apt and dpkg, the multiarch folders, its time zones and the place of its certificates.
 * Libraries lie in /usr/lib64 and certificates in /etc/pki, as on Fedora.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const GONE = [
  'etc/apt',
  'etc/debian_version',
  'etc/dpkg',
  'etc/ssl',
  'usr/lib/apt',
  'usr/lib/dpkg',
  'usr/lib/ssl',
  'usr/share/ca-certificates',
  'usr/share/keyrings',
  'usr/share/zoneinfo',
  'var/cache/apt',
  'var/lib/apt',
  'var/lib/dpkg',
];

/** @param folder a root file system; @param bundle where its certificates go, relative to it */
export function makeAlien(folder: string, bundle: string): void {
  mkdirSync(dirname(join(folder, bundle)), { recursive: true });
  renameSync(join(folder, 'etc/ssl/certs/ca-certificates.crt'), join(folder, bundle));

  const multiarch = join(folder, 'usr/lib/x86_64-linux-gnu');
  const lib64 = join(folder, 'usr/lib64');
  for (const name of readdirSync(multiarch)) {
    // The loader is in both places.
    rmSync(join(lib64, name), { recursive: true, force: true });
    renameSync(join(multiarch, name), join(lib64, name));
  }
  for (const path of [...GONE, 'usr/lib/x86_64-linux-gnu'])
    rmSync(join(folder, path), { recursive: true, force: true });
  for (const name of readdirSync(join(folder, 'usr/bin')))
    if (/^(apt|dpkg|deb)/.test(name)) rmSync(join(folder, 'usr/bin', name));

  rmSync(join(folder, 'etc/ld.so.conf.d'), { recursive: true, force: true });
  writeFileSync(join(folder, 'etc/ld.so.conf'), '/usr/lib64\n');
  writeFileSync(join(folder, 'etc/os-release'), 'NAME="Alien Linux"\nID=alien\nPRETTY_NAME="Alien Linux 1"\n');
  const { status, stderr } = spawnSync('ldconfig', ['-r', folder], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`ldconfig ended with ${status ?? 'a signal'}: ${stderr}`);
}
