/** Copies of signed indexes in folders, as a pack has them: the signature counts as ever, their age does not. See ADR 14. */
import { join } from 'node:path';
import { KojiboxError } from '../../../contract/errors.ts';
import { assertDigest } from '../digest.ts';
import type { ArchiveProgram } from './archive-program.ts';
import { formOf, type Archive, type SignedIndex } from './archive.ts';
import { untrusted } from './freshness.ts';

/** A release of an archive in a folder, with the indexes that its InRelease file signs for. */
export interface IndexCopy {
  /** The archive's root. */
  readonly folder: string;
  readonly release: string;
}

export function openCopies(options: {
  readonly program: ArchiveProgram;
  readonly keyring: string;
  readonly copies: readonly IndexCopy[];
  now(): number;
}): Archive {
  const { program, keyring, copies } = options;
  let opened: Promise<SignedIndex[]> | undefined;

  const open = async ({ folder, release }: IndexCopy, signal: AbortSignal): Promise<SignedIndex> => {
    const inRelease = join(folder, 'dists', release, 'InRelease');
    const said = await program.ask({ ask: 'release', file: inRelease, keyring, now: options.now() }, signal);
    if (said.state !== 'good') throw untrusted(`the copy of ${release}`, said);
    if (said.codename !== release) {
      const why = `it is signed as ${said.codename}`;
      throw untrusted(`the copy of ${release}`, { state: 'bad', why });
    }
    const { packed, compression, size } = formOf(release, said);
    const path = `dists/${release}/${packed.path}`;
    const index = { file: join(folder, path), sha256: packed.sha256, compression, sizeBytes: size };
    // Here, also when the program knows an index of this digest already: what lies here is what vouches.
    await assertDigest(index.file, 'sha256', index.sha256);
    return { root: folder, release, inRelease, path, index };
  };
  const indexes = (signal: AbortSignal): Promise<SignedIndex[]> =>
    (opened ??= Promise.all(copies.map((copy) => open(copy, signal))));

  return {
    indexes,
    async resolve({ packages, extra, portable }, signal) {
      const found = await indexes(signal);
      if (found.length === 0) {
        throw new KojiboxError('DOWNLOAD_FAILED', 'cannot read the index of the archive', {
          detail: 'there is none of this release',
          source: 'runtime',
        });
      }
      return await program.ask(
        {
          ask: 'resolve',
          indexes: found.map(({ index }) => index),
          packages: [...packages],
          extra: [...extra],
          portable,
        },
        signal,
      );
    },
    urlsOf: () => Promise.resolve([]),
  };
}
