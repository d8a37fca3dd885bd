/** The authorities that PHP and other programs of the projects trust: the public ones and the local one, in one file. */
import type { FileSystem } from '../system/files.ts';

export interface PublicAuthorities {
  /** Which edition it is, e.g. "public authorities of Node v24.21.0". */
  readonly from: string;
  /** PEM. Costs the daemon 5 MB for good, so that it is asked for only when they may have changed. */
  read(): string;
}

/** Writes the bundle when it is not the one that is wanted. */
export async function writeCaBundle(
  files: FileSystem,
  bundle: string,
  rootCertificate: string,
  { from, read }: PublicAuthorities,
): Promise<void> {
  const root = (await files.readText(rootCertificate)) ?? '';
  const known = (await files.readText(bundle)) ?? '';
  if (known.startsWith(`# ${from}\n`) && known.endsWith(`\n${root}`)) return;
  await files.writeAtomic(bundle, `# ${from}\n${read()}\n${root}`, { mode: 0o644 });
}
