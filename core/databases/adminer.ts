/** Adminer as a site of its own, ready logged in for whoever comes with the key of this home. */
import { join } from 'node:path';
import type { PlannedSite } from '../proxy/edge-sites.ts';
import type { Runtimes } from '../runtimes/runtimes.ts';
import type { Secrets } from '../secrets/secrets.ts';
import type { FileOwner, FileSystem } from '../system/files.ts';
import type { System } from '../system/system.ts';
import type { Databases } from './databases.ts';

export const ADMINER_HOST = 'adminer.localhost';

/** Adminer's names of its drivers. */
const DRIVERS: Readonly<Record<string, string>> = { postgres: 'pgsql', mariadb: 'server' };

const KEY = { key: 'adminer-key', scope: 'app' } as const;

export interface Adminer {
  /** Null while it is not installed. */
  site(): Promise<PlannedSite | null>;
  /**
   * Installs it when it is not there, and serves it.
   * @returns a link that opens it, logged in. Rejects with NOT_FOUND for a service without databases, and as an install does.
   */
  open(engine: string, name: string | undefined): Promise<string>;
}

export function createAdminer(options: {
  readonly system: System;
  /** Of the page in front. */
  readonly folder: string;
  readonly runtimes: Runtimes;
  readonly secrets: Secrets;
  databases(): Databases;
  php(): { readonly service: string; readonly socket: string };
  applySites(): Promise<void>;
  link(): Promise<string>;
}): Adminer {
  const { system, folder, runtimes, secrets } = options;
  return {
    async site() {
      const installed = runtimes.installed('adminer');
      if (installed === null) return null;
      const program = join(runtimes.treePath(installed), 'usr/share/adminer/adminer.php');
      await writeAdminerPage(system.files, folder, program, system.host.isRoot ? system.host.serviceUser : null);
      const key = await secrets.ensure(KEY);
      return planAdminerSite({ folder, php: options.php(), key, engines: await options.databases().logins() });
    },
    async open(engine, name) {
      options.databases().assertEngine(engine);
      const unseen = { step: () => undefined, bytes: () => undefined };
      await runtimes.ensure('adminer', undefined, unseen, new AbortController().signal);
      await options.applySites();
      const query = new URLSearchParams({ key: await secrets.ensure(KEY), open: engine, database: name ?? '' });
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
 * The page in front of Adminer: without the key, which comes once in the link and then in a cookie that no other site can send, there is
 * nothing to see. `open` names an engine of the environment, so that no password is ever in a link.
 */
const PAGE = (adminer: string): string => `<?php // Written by Kojibox.
$key = (string) ($_SERVER['KOJIBOX_KEY'] ?? '');
if (isset($_GET['key']) && $key !== '' && hash_equals($key, (string) $_GET['key'])) {
    setcookie('kojibox-adminer', $key, ['secure' => true, 'httponly' => true, 'samesite' => 'Strict', 'path' => '/']);
    // By a page, not by a redirect: a Strict cookie is not sent with a redirect that another site began.
    $next = '/?' . http_build_query(['open' => (string) ($_GET['open'] ?? ''), 'database' => (string) ($_GET['database'] ?? '')]);
    exit('<meta http-equiv="refresh" content="0;url=' . htmlspecialchars($next) . '">');
}
if ($key === '' || !hash_equals($key, (string) ($_COOKIE['kojibox-adminer'] ?? ''))) {
    http_response_code(403);
    exit('<h1>Open Adminer from Kojibox</h1><p>This page has the databases of this machine in it.</p>');
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
unset($_SERVER['KOJIBOX_ENGINES']);
chdir(dirname('${adminer}'));
include '${adminer}';
`;

/** @param folder of the page; made when it is missing. @param adminer path of adminer.php */
async function writeAdminerPage(
  files: FileSystem,
  folder: string,
  adminer: string,
  owner: FileOwner | null,
): Promise<void> {
  const path = join(folder, 'index.php');
  const text = PAGE(adminer.replaceAll(/['\\\\]/g, ''));
  if ((await files.readText(path)) === text) return;
  await files.makeDirectory(folder, { mode: 0o755 });
  await files.writeAtomic(path, text, { mode: 0o644, ...(owner === null ? {} : { owner }) });
}

function planAdminerSite(options: {
  readonly folder: string;
  readonly php: { readonly service: string; readonly socket: string };
  readonly key: string;
  /** By service id. */
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
          env: { KOJIBOX_KEY: options.key, KOJIBOX_ENGINES: JSON.stringify(engines) },
          frontController: 'index.php',
        },
      },
    ],
  };
}
