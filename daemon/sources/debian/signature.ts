/** The signature of an archive over its `InRelease` file: OpenPGP clear text, RFC 9580 section 7, checked with keys that come with Kojibox. */
import { readCleartextMessage, readKeys, verify, type Key } from 'openpgp';

/** What the file is, if it is to be believed: the text that was signed, or why not. */
export type Verdict =
  | { readonly state: 'good'; readonly text: string; readonly keys: readonly string[] }
  | { readonly state: 'no-release' }
  | { readonly state: 'bad'; readonly why: string };

const BEGIN = '-----BEGIN PGP SIGNED MESSAGE-----';
const END = '-----END PGP SIGNATURE-----';

/**
 * One good signature will do: around a change of keys a file has those of the old and of the new one. Nothing before or after the signed part is
 * allowed, because another reader could take it for a part.
 * @param keyring armored public keys
 */
export async function verifyInRelease(file: string, keyring: string, now: Date = new Date()): Promise<Verdict> {
  if (!file.startsWith(`${BEGIN}\n`)) return { state: 'no-release' };
  if (!file.trimEnd().endsWith(END) || file.split(END).length !== 2 || file.split(BEGIN).length !== 2)
    return { state: 'bad', why: 'there is more in it than one signed text' };
  const keys = await readKeys({ armoredKeys: keyring });
  let checked;
  try {
    const message = await readCleartextMessage({ cleartextMessage: file });
    checked = await verify({ message, verificationKeys: keys, date: now });
  } catch (error) {
    return { state: 'bad', why: error instanceof Error ? error.message : String(error) };
  }
  const good: string[] = [];
  const bad: string[] = [];
  for (const { keyID, verified, signature } of checked.signatures) {
    const name = keyID.toHex();
    try {
      await verified;
      const { created } = (await signature).packets[0] ?? {};
      if (created === undefined || created === null || created.getTime() > now.getTime() + CLOCK_MS)
        throw new Error('it was made in the future');
      await assertUsable(keys, name, now);
      good.push(name);
    } catch (error) {
      bad.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  if (good.length > 0) return { state: 'good', text: checked.data, keys: good };
  return { state: 'bad', why: bad.join('; ') || 'it has no signature' };
}

/** Clocks differ. */
const CLOCK_MS = 24 * 3600 * 1000;

/** A signature counts only while its key does: who finds an old key could date a signature back. */
async function assertUsable(keys: readonly Key[], id: string, now: Date): Promise<void> {
  const key = keys.find((each) => each.getKeys().some((part) => part.getKeyID().toHex() === id));
  const part = key?.getKeys().find((each) => each.getKeyID().toHex() === id);
  if (key === undefined || part === undefined) throw new Error('no such key');
  await key.verifyPrimaryKey(now);
  const expires = await part.getExpirationTime();
  if (expires === null || (expires !== Infinity && expires <= now)) throw new Error('its key has expired');
}
