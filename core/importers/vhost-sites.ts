/** Sites of the tools that keep them as virtual hosts of Apache and as folders of one document root: Laragon, XAMPP, MAMP. */
import { basename, dirname, join } from 'node:path';
import type { FileSystem } from '../system/files.ts';
import { mergeHosts, parseApacheConfig, type ApacheConfig } from './apache-config.ts';
import { localPath } from './foreign-path.ts';
import { site, type FoundSite } from './importer.ts';
import { foldersIn, readSettings } from './read-file.ts';
import { sayImport } from '../../contract/sentences/imports.ts';
import { about, type Sentence } from '../../contract/sentences/sentence.ts';

/** Names that such a tool uses for itself. */
const OWN_NAMES = /^(localhost|127\.0\.0\.1|_default_|dummy-host2?\.example\.com)$/i;
/** What frameworks call the folder that is served; the one above it is the project. */
const PUBLIC = /^(public|web|htdocs|html|docroot|public_html|webroot|dist|pub)$/i;
const PROJECT_FILES = ['composer.json', 'package.json', 'artisan', 'bin/console', '.git', '.env', 'wp-config.php'];

export interface VhostContext {
  readonly files: FileSystem;
  readonly place: string;
  /** The tool's own folder at the beginning of a path. */
  readonly ownFolder: RegExp;
  readonly phpVersion: string | null;
  readonly databases: readonly string[];
  warn(text: Sentence): void;
}

/** @returns null when there is no such file */
export async function readVhosts(
  context: VhostContext,
  file: string,
): Promise<{ readonly config: ApacheConfig; readonly sites: FoundSite[] } | null> {
  const text = await readSettings(context.files, file, context.warn);
  if (text === null) return null;
  const config = parseApacheConfig(text);
  for (const warning of config.warnings) context.warn(about(file, warning));
  const sites: FoundSite[] = [];
  for (const host of mergeHosts(config.hosts)) {
    const name = host.serverName ?? '';
    if (OWN_NAMES.test(name)) continue;
    const aliases = host.aliases.filter((alias) => alias !== name);
    const folder =
      host.documentRoot === null ? null : await projectFolder(context, host.documentRoot.replace(/\$\{.*$/, ''));
    sites.push(
      site({
        name,
        domain: name,
        aliases: aliases.filter((alias) => !alias.includes('*')),
        path: folder?.path ?? null,
        documentRoot: folder?.documentRoot ?? null,
        phpVersion: host.phpVersion ?? context.phpVersion,
        target: host.target,
        databases: context.databases,
        warnings: [
          ...aliases.filter((alias) => alias.includes('*') && alias !== `*.${name}`).map(wildcard),
          ...(host.documentRoot === null && host.target === null ? [sayImport('noDocumentRoot')] : []),
        ],
        source: file,
      }),
    );
  }
  return { config, sites };
}

const wildcard = (alias: string): Sentence => sayImport('notOneByOne', { name: alias });

async function projectFolder(
  { files, ownFolder, place }: VhostContext,
  written: string,
): Promise<{ path: string; documentRoot: string }> {
  const documentRoot = await localPath(files, written, ownFolder, place);
  const parent = dirname(documentRoot);
  if (PUBLIC.test(basename(documentRoot)))
    for (const file of PROJECT_FILES)
      if ((await files.stat(join(parent, file)).catch(() => null)) !== null) return { path: parent, documentRoot };
  return { path: documentRoot, documentRoot };
}

/** Every folder below the document root that no virtual host has. */
export async function readRootFolders(
  { files, phpVersion, databases, warn }: VhostContext,
  root: string,
  known: readonly FoundSite[],
  leaveOut: RegExp,
): Promise<FoundSite[]> {
  const taken = new Set<string>();
  for (const { path } of known) if (path !== null) taken.add((await files.realPath(path).catch(() => null)) ?? path);
  return (await foldersIn(files, root, warn))
    .filter(({ name, path }) => !taken.has(path) && !leaveOut.test(name))
    .map(({ name, path }) => site({ name, path, phpVersion, databases, source: root }));
}
