/** Files that send names under a suffix to a name server on loopback. Pure. resolved.conf(5), resolver(5) of macOS. */

/** For systemd-resolved: `~test` is a routing domain, so that no other name is asked there. */
export const resolvedFile = (suffixes: readonly string[], port: number): string =>
  [
    '# Made by Kojibox: names under these suffixes are on this machine. Removed by: koji undo',
    '[Resolve]',
    `DNS=127.0.0.1:${port}`,
    `Domains=${suffixes.map((suffix) => `~${suffix}`).join(' ')}`,
    '',
  ].join('\n');

/** One file per suffix, named after it. */
export const macResolverFile = (port: number): string =>
  ['# Made by Kojibox. Removed by: koji undo', 'nameserver 127.0.0.1', `port ${port}`, ''].join('\n');
