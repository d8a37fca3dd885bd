/**
 * npm run archive-keys -- [RELEASE [MIRROR]]: renews runtime/archives/debian.asc from the archive's own package of keys. That package comes through
 * Kojibox's client, so the keys that are here already vouch for the next ones. Without a mirror this system's addresses are used.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { armor, enums, PacketList, readKeys, type Key } from 'openpgp';
import { createArchiveProgram } from '../daemon/sources/debian/archive-program.ts';
import { createDebianSource } from '../daemon/sources/debian.ts';

const [release = 'trixie', mirror] = process.argv.slice(2);
const PACKAGE = 'debian-archive-keyring';
const archives = fileURLToPath(new URL('../runtime/archives', import.meta.url));
const file = join(archives, 'debian.asc');

const folder = mkdtempSync(join(tmpdir(), 'kojibox-keys-'));
const describe = async (key: Key): Promise<string> => {
  const expires = await key.getExpirationTime();
  const until = expires instanceof Date ? expires.toISOString().slice(0, 10) : 'ever';
  return `${key.getFingerprint().toUpperCase()}  until ${until}  ${key.users[0]?.userID?.userID ?? ''}`;
};
try {
  const source = createDebianSource({
    program: createArchiveProgram(fileURLToPath(new URL('../daemon/sources/debian/main.ts', import.meta.url))),
    archives,
    indexes: join(folder, 'indexes'),
    downloads: join(folder, 'downloads'),
    mirror: () => mirror,
    allowsExpired: () => true,
  });
  const tree = join(folder, 'tree');
  mkdirSync(tree);
  const [os, arch] = ['linux', 'x64'];
  const binary = { name: PACKAGE, version: '0', os, arch, checksum: 'archive-signature', size: 0, binPath: '' };
  const entry = { type: 'debian', suite: release, packages: [PACKAGE], onlyPortable: true, executables: [] } as const;
  const { version } = await source.stage(
    {
      ...binary,
      defaultPorts: [],
      env: {},
      args: [],
      source: { ...entry, packages: [...entry.packages], executables: [] },
    },
    { staging: tree, finalPath: () => tree },
    { step: () => undefined, bytes: () => undefined },
    new AbortController().signal,
  );
  const found = ['pgp', 'gpg'].map((end) => join(tree, 'usr/share/keyrings', `${PACKAGE}.${end}`)).find(existsSync);
  if (found === undefined) throw new Error(`${PACKAGE} ${version} has no keys where they were`);
  const packets = new PacketList();
  const bytes = readFileSync(found);
  const keys =
    bytes.toString('latin1', 0, 5) === '-----'
      ? await readKeys({ armoredKeys: bytes.toString('utf8') })
      : await readKeys({ binaryKeys: bytes });
  for (const key of keys) packets.push(...key.toPacketList());
  const before = await Promise.all((await readKeys({ armoredKeys: readFileSync(file, 'utf8') })).map(describe));
  const after = await Promise.all(keys.map(describe));
  writeFileSync(file, armor(enums.armor.publicKey, packets.write()));
  process.stdout.write(`${PACKAGE} ${version} of ${release}: ${after.length} keys\n`);
  for (const key of after) process.stdout.write(`${before.includes(key) ? ' ' : '+'} ${key}\n`);
  for (const key of before.filter((each) => !after.includes(each))) process.stdout.write(`- ${key}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
