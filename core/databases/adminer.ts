/** Adminer as a site of its own, ready logged in for who comes with a ticket. */
import { join } from 'node:path';
import type { PlannedSite } from '../proxy/edge-sites.ts';
import type { Runtimes } from '../runtimes/runtimes.ts';
import type { FileSystem } from '../system/files.ts';
import type { System } from '../system/system.ts';
import type { Databases } from './databases.ts';

export const ADMINER_HOST = 'adminer.localhost';

/** Adminer's names of its drivers. */
const DRIVERS: Readonly<Record<string, string>> = { postgres: 'pgsql', mariadb: 'server' };

/** What the daemon has to do with it. */
export interface AdminerTickets {
  /** Under which the page in front checks its sessions. */
  readonly key: string;
  /** Where it changes a ticket into a session; empty while the daemon does not listen yet. */
  url(): string;
  issue(): string;
}

export interface Adminer {
  /** Null while it is not installed. */
  site(): Promise<PlannedSite | null>;
  /**
   * Installs it when it is not there, and serves it.
   * @returns a link that opens it, logged in, once and within two minutes. Rejects with NOT_FOUND for a service without databases, and as an install does.
   * With a database it logs in as that database's own login, else as the superuser.
   */
  open(engine: string, name: string | undefined): Promise<string>;
}

export function createAdminer(options: {
  readonly system: System;
  /** Of the page in front. */
  readonly folder: string;
  readonly runtimes: Runtimes;
  readonly tickets: AdminerTickets;
  databases(): Databases;
  php(): { readonly service: string; readonly socket: string };
  applySites(): Promise<void>;
  link(): Promise<string>;
}): Adminer {
  const { system, folder, runtimes, tickets } = options;
  /** Databases that links were made for, by engine and name: each is opened with its own login. */
  const opened = new Map<string, { readonly engine: string; readonly user: string; readonly password: string }>();

  const logins = async (): Promise<Record<string, AdminerLogin>> => {
    const engines = await options.databases().logins();
    const own = [...opened].flatMap(([key, { engine, ...login }]) => {
      const server = engines[engine];
      return server === undefined ? [] : [[key, { ...server, ...login }] as const];
    });
    return { ...engines, ...Object.fromEntries(own) };
  };

  return {
    async site() {
      const installed = runtimes.installed('adminer');
      if (installed === null) return null;
      const program = join(runtimes.treePath(installed), 'usr/share/adminer/adminer.php');
      await writeAdminerPage(system.files, folder, program);
      return planAdminerSite({ folder, php: options.php(), tickets, engines: await logins() });
    },
    async open(engine, name) {
      options.databases().assertEngine(engine);
      const unseen = { step: () => undefined, bytes: () => undefined };
      await runtimes.ensure('adminer', undefined, unseen, new AbortController().signal);
      const key = name === undefined ? engine : `${engine}/${name}`;
      if (name !== undefined) {
        const { user, password } = await options.databases().connection(engine, name);
        opened.set(key, { engine, user, password });
      }
      await options.applySites();
      const query = new URLSearchParams({ ticket: tickets.issue(), open: key, database: name ?? '' });
      return `${await options.link()}/?${query.toString()}`;
    },
  };
}

export interface AdminerLogin {
  /** Runtime of the engine. */
  readonly runtime: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

/**
 * The page in front of Adminer: without a session, which comes once for the ticket of a link and then in a cookie that no other site can
 * set or send, there is nothing to see. `open` names a login of the environment, so that no password is ever in a link.
 */
const PAGE = (adminer: string): string => `<?php // Written by Kojibox.
// A warning of Adminer's own code would stand in the middle of its answers in JSON.
ini_set('display_errors', '0');
const COOKIE = '__Host-kojibox-adminer';
$key = (string) ($_SERVER['KOJIBOX_KEY'] ?? '');

function kojibox_session(string $key, string $ticket): ?array
{
    $host = '127.0.0.1:' . (int) parse_url((string) ($_SERVER['KOJIBOX_DAEMON'] ?? ''), PHP_URL_PORT);
    $socket = @stream_socket_client('tcp://' . $host, $code, $message, 3);
    if ($socket === false) {
        return null;
    }
    stream_set_timeout($socket, 5);
    $body = json_encode([
        'ticket' => $ticket,
        'localPort' => (int) $_SERVER['SERVER_PORT'],
        'remotePort' => (int) $_SERVER['REMOTE_PORT'],
    ]);
    fwrite($socket, "POST /adminer HTTP/1.1\\r\\nHost: $host\\r\\nAuthorization: Bearer $key\\r\\n"
        . "Content-Type: application/json\\r\\nConnection: close\\r\\nContent-Length: " . strlen($body) . "\\r\\n\\r\\n" . $body);
    $answer = explode("\\r\\n\\r\\n", (string) stream_get_contents($socket, 16384), 2);
    $result = json_decode($answer[1] ?? '', true)['result'] ?? null;
    return is_array($result) ? $result : null;
}

function kojibox_is_in(string $key): bool
{
    [$end, $proof] = explode('.', (string) ($_COOKIE[COOKIE] ?? ''), 2) + ['', ''];
    return $key !== '' && (int) $end > time() && hash_equals(hash_hmac('sha256', "adminer $end", $key), $proof);
}

if (isset($_GET['ticket']) && $key !== '') {
    $session = kojibox_session($key, (string) $_GET['ticket']);
    if ($session !== null) {
        setcookie(COOKIE, $session['session'], [
            'expires' => time() + $session['seconds'],
            'secure' => true,
            'httponly' => true,
            'samesite' => 'Strict',
            'path' => '/',
        ]);
    }
    if ($session !== null || kojibox_is_in($key)) {
        // By a page, not by a redirect: a Strict cookie is not sent with a redirect that another site began.
        $next = '/?' . http_build_query(['open' => (string) ($_GET['open'] ?? ''), 'database' => (string) ($_GET['database'] ?? '')]);
        header('Referrer-Policy: no-referrer');
        exit('<meta http-equiv="refresh" content="0;url=' . htmlspecialchars($next) . '">');
    }
}
if (!kojibox_is_in($key)) {
    http_response_code(403);
    exit('<h1>Open Adminer from Kojibox</h1><p>This page has the databases of this machine in it. A link to it is good once and for two minutes.</p>');
}
$engines = json_decode((string) ($_SERVER['KOJIBOX_ENGINES'] ?? '{}'), true);
if (isset($_GET['open'], $engines[$_GET['open']])) {
    $engine = $engines[$_GET['open']];
    $_POST = ['auth' => [
        'driver' => $engine['driver'],
        'server' => '127.0.0.1:' . $engine['port'],
        'username' => $engine['user'],
        'password' => $engine['password'],
        'db' => (string) ($_GET['database'] ?? ''),
    ]];
    $_GET = [];
    // Adminer takes over whatever else is in the address.
    [$_SERVER['QUERY_STRING'], $_SERVER['REQUEST_URI']] = ['', '/'];
}
unset($_SERVER['KOJIBOX_ENGINES'], $_SERVER['KOJIBOX_KEY']);
chdir(dirname('${adminer}'));
include '${adminer}';
`;

/** @param folder of the page; made when it is missing. @param adminer path of adminer.php */
async function writeAdminerPage(files: FileSystem, folder: string, adminer: string): Promise<void> {
  const path = join(folder, 'index.php');
  const text = PAGE(adminer.replaceAll(/['\\\\]/g, ''));
  if ((await files.readText(path)) === text) return;
  await files.makeDirectory(folder, { mode: 0o755 });
  await files.writeAtomic(path, text, { mode: 0o644 });
}

function planAdminerSite(options: {
  readonly folder: string;
  readonly php: { readonly service: string; readonly socket: string };
  readonly tickets: AdminerTickets;
  /** By service id, and by service id and database. */
  readonly engines: Readonly<Record<string, AdminerLogin>>;
}): PlannedSite {
  const engines = Object.fromEntries(
    Object.entries(options.engines).map(([id, { runtime, ...login }]) => [id, { ...login, driver: DRIVERS[runtime] }]),
  );
  return {
    hosts: [ADMINER_HOST],
    name: 'Adminer',
    routes: [
      {
        path: '/',
        route: {
          type: 'php',
          documentRoot: options.folder,
          socket: options.php.socket,
          service: options.php.service,
          env: {
            KOJIBOX_KEY: options.tickets.key,
            KOJIBOX_DAEMON: options.tickets.url(),
            KOJIBOX_ENGINES: JSON.stringify(engines),
          },
          frontController: 'index.php',
        },
      },
    ],
  };
}
