/** The authorities that PHP and other programs of the projects trust: the public ones, this computer's own and the local one, in one file. */
import type { FileSystem } from '../system/files.ts';

export interface PublicAuthorities {
  /** Which they are, in one line of ASCII: another one after each change. Quick. */
  edition(): Promise<string>;
  /** PEM. Costs the daemon 5 MB for good, so that it is asked for only when they may have changed. */
  read(): Promise<string>;
}

/** Writes the bundle when it is not the one that is wanted. */
export async function writeCaBundle(
  files: FileSystem,
  bundle: string,
  rootCertificate: string,
  authorities: PublicAuthorities,
): Promise<void> {
  const root = (await files.readText(rootCertificate)) ?? '';
  const edition = await authorities.edition();
  const known = (await files.readText(bundle)) ?? '';
  if (known.startsWith(`# ${edition}\n`) && known.endsWith(`\n${root}`)) return;
  await files.writeAtomic(bundle, `# ${edition}\n${await authorities.read()}\n${root}`, { mode: 0o644 });
}
