/**
 * Extensions that can be added to an installed PHP, with the packages that bring them. Debian and Ubuntu have one for each series of PHP; they are
 * fetched and checked as the packages of the runtime itself. Pure.
 */
import { join } from 'node:path';
import type { ServiceBinary } from '../../contract/manifest.ts';

/** A binary of the manifest with what was added to it on this machine. */
export type ExtendedBinary = ServiceBinary & { readonly extensions?: readonly string[] };

interface Addable {
  readonly name: string;
  /** Last series that has it; left out: all do. */
  readonly until?: string;
}

const ADDABLE: readonly Addable[] = [
  ...(['amqp', 'apcu', 'ast', 'bz2', 'ds', 'enchant', 'gmp', 'gnupg', 'igbinary', 'imagick'] as const),
  ...(['ldap', 'mailparse', 'memcached', 'mongodb', 'msgpack', 'oauth', 'odbc', 'pcov', 'snmp', 'soap'] as const),
  ...(['ssh2', 'tidy', 'uuid', 'xmlrpc', 'yaml'] as const),
]
  .map((name): Addable => ({ name }))
  // Its library is not developed any more; PHP has it no longer: https://www.php.net/manual/en/migration84.other-changes.php
  .concat({ name: 'imap', until: '8.3' });

/** `8.10` comes after `8.9`. */
const rank = (series: string): number => {
  const [major = 0, minor = 0] = series.split('.').map(Number);
  return major * 1000 + minor;
};

/** Links of every tree, whatever the versions of its libraries; see daemon/sources/loose-libraries.ts. */
export const MAGICK_LINKS = { modules: 'usr/lib/magick-modules', settings: 'usr/lib/magick-config' } as const;

/** What libraries of added extensions must know: ImageMagick looks for its modules where Debian would have put them. */
export const extensionEnvironment = (tree: string, extensions: readonly string[] = []): Record<string, string> =>
  extensions.includes('imagick')
    ? {
        MAGICK_CODER_MODULE_PATH: join(tree, MAGICK_LINKS.modules, 'coders'),
        MAGICK_CODER_FILTER_PATH: join(tree, MAGICK_LINKS.modules, 'filters'),
        MAGICK_CONFIGURE_PATH: join(tree, MAGICK_LINKS.settings),
      }
    : {};

/** Names of what can be added to this series, in order. */
export const addableTo = (series: string): string[] =>
  ADDABLE.filter(({ until }) => until === undefined || rank(series) <= rank(until))
    .map(({ name }) => name)
    .sort();

/** The binary with the packages of exactly these extensions, whatever it had before; those that its series does not have are left out. */
export function withExtensions(binary: ExtendedBinary, extensions: readonly string[]): ExtendedBinary {
  const { source, series = binary.version } = binary;
  if (binary.name !== 'php' || source?.type !== 'debian') return binary;
  const packageOf = (name: string): string => `php${series}-${name}`;
  const former = new Set(binary.extensions?.map(packageOf));
  const standard = source.packages.filter((name) => !former.has(name));
  const known = new Set(addableTo(series));
  const added = [...new Set(extensions)].filter((name) => known.has(name)).sort();
  const packages = [...new Set([...standard, ...added.map(packageOf)])];
  const { extensions: _, ...plain } = binary;
  const extended = { ...plain, source: { ...source, packages } };
  return added.length === 0 ? extended : { ...extended, extensions: added };
}
