/**
 * Whose files a piece of the product touches. The daemon may be root, and then a path in a folder of another user is a trap. Everything that
 * reaches such folders goes through `FileSystem`, or through `daemon/system/anchored.ts` and `foreign-files.ts` beneath it.
 */
import type { SourceFile, Violation } from './rules.ts';

/** Parts of the daemon that may use node:fs, with whose files those are. */
const MAY_USE_FS: readonly { readonly path: RegExp; readonly whose: string }[] = [
  {
    path: /^daemon\/system\//,
    whose: 'the module for folders of others, the logs (in a folder of the daemon), and /proc',
  },
  { path: /^daemon\/(archives|sources|packs)\//, whose: 'runtimes, downloads and packs, in folders of the daemon' },
  { path: /^daemon\/(updater|handover|metrics|diagnostics|shims|keychain)\//, whose: "the daemon's own files" },
  { path: /^daemon\/drivers\/process\//, whose: 'records and logs, in folders of the daemon; /proc' },
  { path: /^daemon\/home\//, whose: 'the whole home: its folders are opened and reached through their descriptors' },
  {
    path: /^daemon\/mail\/(mailbox|mail-drop|mail-writer)\.ts$/,
    whose: 'mails of the daemon; names in the drop folder',
  },
  { path: /^daemon\/(trust|privileged|foreign-servers)\//, whose: "the system's files: only whether they are there" },
  { path: /^daemon\/transports\/(socket|static-files)\.ts$/, whose: "the daemon's socket; the pages of the build" },
  { path: /^daemon\/doctor\/doctor\.ts$/, whose: '/proc' },
  {
    path: /^daemon\/(activity|daemon-file|daemon-lock|downloads-cache|listen|log-export|log-folders|service-logs|start-daemon|tell-ready)\.ts$/,
    whose: "the daemon's own files",
  },
];

/** Where rights are changed: each of these works on a descriptor, on a file that it has just made, or in a folder of the daemon. */
const MAY_CHANGE_RIGHTS: readonly string[] = [
  'daemon/log-folders.ts',
  'daemon/system/anchored.ts',
  'daemon/system/copy-tree.ts',
  'daemon/system/files.ts',
  'daemon/system/replace-file.ts',
  'daemon/home/mirror-tree.ts',
  'daemon/home/places.ts',
  'daemon/home/remove-tree.ts',
  'daemon/drivers/process/launch.ts',
  'daemon/sources/https.ts',
  'daemon/archives/extract-tar.ts',
  'daemon/transports/socket.ts',
  'edge/control.ts',
];

/** Folders of core that read what a project, another program or a stranger wrote. */
const READS_FOREIGN_FILES = /^core\/(projects|importers)\/|^core\/runtimes\/lock-file\.ts$/;

/** What may give something to the user of the services, or say who that is. */
const KNOWS_SERVICE_USER = [
  'core/services/prepare.ts',
  'core/services/run-folder.ts',
  'core/services/service-user.ts',
  'core/projects/owners.ts',
  'core/projects/owner-notices.ts',
  'core/php/php-check.ts',
  'core/stack/catalog.ts',
  'core/databases/client-programs.ts',
  'core/databases/snapshots/take-snapshot.ts',
  'core/proxy/site-work.ts',
  'core/system/system.ts',
  'core/system/accounts.ts',
  'core/kojibox.ts',
  'daemon/doctor/doctor.ts',
  'daemon/diagnostics/system-facts.ts',
  'daemon/home/open-home.ts',
  'daemon/home/plan-move.ts',
  'daemon/keychain/keychain.ts',
  'daemon/open-core.ts',
  'daemon/shims/open-shims.ts',
  'daemon/system/host.ts',
];

const isTest = (path: string): boolean => path.endsWith('.test.ts') || path.includes('/testing/');
const codeOf = ({ text }: SourceFile): string => text.replaceAll(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, '');

export function checkFileAccess(files: readonly SourceFile[]): Violation[] {
  return files
    .filter(({ path }) => !isTest(path))
    .flatMap((file) => {
      const { path } = file;
      const code = codeOf(file);
      const found: string[] = [];
      if (path.startsWith('daemon/') && /from 'node:fs/.test(code) && !MAY_USE_FS.some((part) => part.path.test(path)))
        found.push('uses node:fs: take FileSystem, or say in MAY_USE_FS whose files these are');
      if (
        /^(daemon|edge)\//.test(path) &&
        /\b[lf]?ch(own|mod)(Sync)?\b/.test(code) &&
        !MAY_CHANGE_RIGHTS.includes(path)
      )
        found.push('changes owners or modes: take FileSystem, which follows no link of another user');
      if (READS_FOREIGN_FILES.test(path) && /\.read(Text|Bytes)\(/.test(code))
        found.push('reads a file of a stranger without a bound: take readForeign');
      if (/^(core|daemon)\//.test(path) && /\bserviceUser\b/.test(code) && !KNOWS_SERVICE_USER.includes(path))
        found.push('gives something to the user of the services: what root reads must stay with root');
      return found.map((what) => ({ path, what }));
    });
}
