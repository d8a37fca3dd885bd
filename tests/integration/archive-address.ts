/** Where this system fetches its own packages, for tests that set it as a mirror. */
import { readAddresses } from '../../daemon/sources/debian/addresses.ts';

/** In the form of `koji mirror set debian`. Rejects where there is none. */
export async function archiveAddress(): Promise<string> {
  const official = { debian: [], security: [] };
  const { debian } = await readAddresses({ mirror: undefined, official, etc: '/etc/apt' });
  const [root] = debian;
  if (root === undefined) throw new Error('this system names no archive: koji mirror set debian ADDRESS');
  return root.replace(/\/debian$/, '');
}
