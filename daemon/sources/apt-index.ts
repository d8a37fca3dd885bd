/** The signed indexes of an archive as apt keeps them. See apt-get(8) "indextargets" and the format of the archive: wiki "DebianRepository/Format". */
import { KojiboxError } from '../../contract/errors.ts';

/** One index (`Packages`) with the InRelease file that has its digest. */
export interface ArchiveIndex {
  /** Root of the archive: tells the archives of one suite apart, is not read. */
  readonly archive: string;
  readonly release: string;
  readonly component: string;
  /** Files on this disk. */
  readonly inReleaseFile: string;
  readonly packagesFile: string;
  /** Where they belong, relative to the root of the archive. */
  readonly inReleasePath: string;
  readonly packagesPath: string;
}

export const INDEX_FORMAT = '$(FILENAME)|$(METAKEY)|$(RELEASE)|$(COMPONENT)|$(URI)|$(REPO_URI)';

/** @param text one line per index in {@link INDEX_FORMAT}; throws DOWNLOAD_FAILED for one that cannot be carried on */
export function parseIndexTargets(text: string): ArchiveIndex[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [packagesFile = '', metaKey = '', release = '', component = '', uri = '', archive = ''] = line.split('|');
      // apt names its copies after their addresses, with _ for /.
      const suffix = `_${metaKey.replaceAll('/', '_')}`;
      const packagesPath = uri.slice(archive.length);
      if (!uri.startsWith(archive) || !packagesFile.endsWith(suffix) || !packagesPath.endsWith(`/${metaKey}`)) {
        throw new KojiboxError('DOWNLOAD_FAILED', 'cannot read the index of the archive', {
          detail: `apt keeps ${packagesFile} in a form that is not known here`,
          source: 'runtime',
        });
      }
      return {
        archive,
        release,
        component,
        packagesFile,
        packagesPath,
        inReleaseFile: `${packagesFile.slice(0, -suffix.length)}_InRelease`,
        inReleasePath: `${packagesPath.slice(0, -metaKey.length)}InRelease`,
      };
    });
}

/**
 * What `apt-get --print-uris install` would fetch: name to version. Each line is the address, the file name, the size and a digest; the file
 * name is `name_version_arch.deb`, with the colon of an epoch as %3a. See apt-get(8).
 */
export const parseUriList = (text: string): Map<string, string> =>
  new Map(
    [...text.matchAll(/^'[^']*' ([^\s_]+)_([^\s_]+)_[^\s_]+\.deb /gm)].map(([, name = '', version = '']) => [
      name,
      decodeURIComponent(version),
    ]),
  );
