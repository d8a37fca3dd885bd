/** PHP-FPM on a unix socket; the edge speaks FastCGI to it. */
import { join } from 'node:path';
import { extensionEnvironment } from '../php/extension-packages.ts';
import { timeZonesOf } from '../runtimes/time-zones.ts';
import type { Recipe } from './recipe.ts';

export const php: Recipe = {
  runtime: 'php',
  ports: [],
  plan(context) {
    const { id, tree, runFolder, configFolder, tempFolder } = context;
    const socket = join(runFolder, `${id}.sock`);
    const configFile = join(configFolder, 'fpm.conf');
    const sessions = join(context.sessionFolder, id);
    const sendmail = join(configFolder, 'sendmail');
    const major = context.series;
    return {
      id,
      name: 'PHP',
      runtime: 'php',
      version: context.version,
      command: join(tree, `usr/sbin/php-fpm${major}`),
      // -n and -c: only our php.ini, never the compiled-in /etc/php/*/conf.d.
      args: [
        '-n',
        '-c',
        join(tree, 'usr/bin/php.ini'),
        '-F',
        '-y',
        configFile,
        ...(context.debug ? XDEBUG.flatMap((setting) => ['-d', setting]) : []),
        ...context.extraArgs,
      ],
      env: {
        PATH: `${join(tree, 'usr/bin')}:/usr/local/bin:/usr/bin:/bin`,
        TMPDIR: tempFolder,
        LANG: 'C.UTF-8',
        SSL_CERT_FILE: context.caBundle,
        ...extensionEnvironment(tree, context.extensions),
        ...context.extraEnv,
      },
      cwd: '/',
      ports: [],
      sockets: [socket],
      dependsOn: [],
      probe: { type: 'fastcgi', address: { socket }, path: '/fpm-ping' },
      restartPolicy: { maxRetries: 8, backoffMs: 200 },
      probeIntervalMs: 10_000,
      startDeadlineMs: 20_000,
      restartWhenUnhealthy: false,
      stopSignal: 'SIGQUIT',
      stopGraceMs: 5000,
      asServiceUser: true,
      folders: [
        { path: tempFolder, mode: 0o700 },
        { path: sessions, mode: 0o700 },
      ],
      files: [
        // Also what `koji php` reads.
        ...(context.runtimeSettings === null ? [] : [{ ...context.runtimeSettings, mode: 0o644 as const }]),
        {
          path: configFile,
          mode: 0o600,
          content: fpmConfig({ socket, socketMode: context.socketMode, sendmail, sessions, uploads: tempFolder }),
        },
        { path: sendmail, mode: 0o600, content: sendmailScript(context.mailDrop) },
      ],
      initialise: null,
      timeZones: timeZonesOf(tree),
      connect: socket,
    };
  },
};

/** Connects to the editor on its usual port at every request; https://xdebug.org/docs/all_settings */
export const XDEBUG = [
  'zend_extension=xdebug',
  'xdebug.mode=debug,develop',
  'xdebug.start_with_request=yes',
  'xdebug.client_host=127.0.0.1',
  'xdebug.client_port=9003',
  // An editor that does not listen must not fill the log or slow the page.
  'xdebug.log_level=0',
  'xdebug.connect_timeout_ms=50',
];

/** https://www.php.net/manual/en/install.fpm.configuration.php */
function fpmConfig(paths: {
  readonly socket: string;
  readonly socketMode: number;
  readonly sendmail: string;
  readonly sessions: string;
  readonly uploads: string;
}): string {
  return `; Written by Kojibox before each start.
[global]
error_log = /proc/self/fd/2
log_limit = 8192
daemonize = no
systemd_interval = 0

[projects]
listen = ${paths.socket}
listen.mode = ${paths.socketMode.toString(8).padStart(4, '0')}
listen.backlog = 511
; "dynamic" adds a worker a second and "ondemand" misses some of a burst: behind slow requests of one site, the quick ones of all others
; waited for seconds. A worker without work has 0.4 MB of its own.
pm = static
pm.max_children = 24
catch_workers_output = yes
decorate_workers_output = no
clear_env = no
php_admin_value[sendmail_path] = "/bin/sh ${paths.sendmail}"
; The compiled-in folders belong to the system, and may not be there.
php_value[session.save_path] = "${paths.sessions}"
php_value[upload_tmp_dir] = "${paths.uploads}"
ping.path = /fpm-ping
`;
}

/**
 * What mail() of PHP runs: the message comes on its standard input. Under its last name only when it is whole, and under a name that no other
 * user of the folder can have taken.
 */
const sendmailScript = (folder: string): string => `# Written by Kojibox: mails stay on this machine.
set -eC
umask 077
name=$(date -u +%Y-%m-%dT%H-%M-%S)-php-$(od -An -N8 -tx8 /dev/urandom | tr -d ' ')
cat > '${folder}/.'"$name"
mv '${folder}/.'"$name" '${folder}/'"$name.eml"
`;
