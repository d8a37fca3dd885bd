/** Settings of a real PHP: seen over HTTPS and on the command line, refused before anything changes, taken back when it does not start. */
import { chmodSync, cpSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ServiceEffect } from '../../contract/config.ts';
import type { RuntimeListEntry, RuntimeLock } from '../../contract/runtimes.ts';
import type { ServiceState } from '../../contract/services.ts';
import type { ExtensionDownload, PhpSettings } from '../../contract/php.ts';
import { upPrepared } from './prepared-stack.ts';
import { createStackWorld, type StackWorld } from './stack-world.ts';

let world: StackWorld;

const PROBE = `<?php echo json_encode([
  'extensions' => array_map('strtolower', get_loaded_extensions()),
  'ini' => array_map('ini_get', ['memory_limit' => 'memory_limit', 'date.timezone' => 'date.timezone', 'user_agent' => 'user_agent', 'auto_prepend_file' => 'auto_prepend_file']),
  'limits' => [ini_get('upload_max_filesize'), ini_get('max_execution_time')],
  'version' => PHP_VERSION,
]);`;
interface Seen {
  readonly extensions: string[];
  readonly ini: Record<string, string>;
  readonly limits: string[];
  readonly version: string;
}

beforeAll(async () => {
  world = createStackWorld();
  await upPrepared(world.home, () => world.koji('up', '--json'));
  const path = join(world.root, 'probe');
  mkdirSync(path);
  writeFileSync(join(path, 'index.php'), PROBE);
  chmodSync(path, 0o755);
  await world.call('config.setProject', {
    id: 'probe',
    name: 'P',
    path,
    domain: 'probe.test',
    stack: 'php',
    overrides: {},
  });
});
afterAll(() => world.remove());

const ask = async <T>(method: string, params: unknown = {}): Promise<T> =>
  (await world.rpc(JSON.stringify({ method, params }))).body.result as T;
const overHttps = async (): Promise<Seen> => JSON.parse((await world.get('/', 'probe.test')).body) as Seen;
const onCommandLine = async (): Promise<Seen> =>
  JSON.parse(await world.koji('php', join(world.root, 'probe/index.php'))) as Seen;
const set = async (
  change: object,
): Promise<{ settings?: PhpSettings; error?: { code: string; detail: string; remedy?: string } }> => {
  const { body } = await world.rpc(JSON.stringify({ method: 'php.set', params: { series: '8.2', ...change } }));
  return body.error === undefined ? { settings: body.result as PhpSettings } : { error: body.error };
};
const pidOf = async (id: string): Promise<number | null | undefined> =>
  (await ask<ServiceState[]>('services.list')).find((state) => state.id === id)?.pid;

describe('the settings of PHP', () => {
  it('say what is built in, what can be switched, and what the directives are', async () => {
    const settings = await ask<PhpSettings>('php.settings');
    expect(settings).toMatchObject({ series: '8.2', services: ['php'], others: [] });
    const states = Object.fromEntries(settings.extensions.map(({ name, state }) => [name, state]));
    expect(states).toMatchObject({ json: 'built-in', openssl: 'built-in', intl: 'on', opcache: 'on', pdo_mysql: 'on' });
    expect(states['xdebug']).toBeUndefined();
    expect(settings.directives.find(({ name }) => name === 'memory_limit')).toMatchObject({
      value: '512M',
      standard: '512M',
      type: 'size',
    });
    // What is said to be the standard is what PHP has.
    const seen = await overHttps();
    for (const [index, name] of ['upload_max_filesize', 'max_execution_time'].entries())
      expect(settings.directives.find((one) => one.name === name)?.value).toBe(seen.limits[index]);
  });

  it('reach sites and the command line alike: an extension goes and comes back', async () => {
    expect((await overHttps()).extensions).toContain('xsl');
    const change = { series: '8.2', extensions: { xsl: 'off' } };
    expect(await ask<ServiceEffect>('php.preview', change)).toEqual({
      restarts: ['php'],
      starts: [],
      stops: [],
    });
    await world.koji('ini', 'set', '8.2', '--extensions', 'xsl=off');
    expect((await overHttps()).extensions).not.toContain('xsl');
    expect((await world.koji('php', '-m')).toLowerCase().split('\n')).not.toContain('xsl');
    // Already so: nothing restarts.
    expect(await ask<ServiceEffect>('php.preview', change)).toEqual({ restarts: [], starts: [], stops: [] });
    const pid = await pidOf('php');
    expect((await set({ extensions: { xsl: 'off' } })).error).toBeUndefined();
    expect(await pidOf('php')).toBe(pid);
    expect((await set({ extensions: { xsl: 'on' } })).settings?.extensions).toContainEqual({
      name: 'xsl',
      state: 'on',
    });
    expect((await overHttps()).extensions).toContain('xsl');
    expect((await onCommandLine()).extensions).toContain('xsl');
  });

  it('reach both with directives, also with spaces and quotation marks in them, and go back to the standard', async () => {
    const agent = `Koji's "box" \\ $HOME ; = x`.replaceAll('"', '');
    const values = { memory_limit: '777m', 'date.timezone': 'Asia/Jakarta', user_agent: agent };
    const { settings, error } = await set({ values });
    expect(error).toBeUndefined();
    expect(settings?.others).toEqual([{ name: 'user_agent', value: agent }]);
    for (const seen of [await overHttps(), await onCommandLine()])
      expect(seen.ini).toMatchObject({ memory_limit: '777M', 'date.timezone': 'Asia/Jakarta', user_agent: agent });
    await set({ reset: ['memory_limit', 'date.timezone', 'user_agent'] });
    for (const seen of [await overHttps(), await onCommandLine()])
      expect(seen.ini).toMatchObject({ memory_limit: '512M', 'date.timezone': 'UTC', user_agent: '' });
  });

  it.each([
    [{ values: { memory_limt: '1G' } }, /memory_limt: .*did you mean memory_limit/],
    [{ values: { memory_limit: 'lots' } }, /memory_limit: "lots".*bytes/],
    [{ values: { max_execution_time: '-5' } }, /max_execution_time: .*whole number/],
    [{ values: { 'date.timezone': 'Mars/Olympus' } }, /date\.timezone: .*Invalid date\.timezone/],
    [{ values: { error_reporting: 'system("id")' } }, /error_reporting: .*constants/],
    [{ values: { error_reporting: 'E_ALL & (' } }, /error_reporting/],
    [{ values: { sendmail_path: '/bin/true' } }, /sendmail_path: .*mail catcher/],
    [{ extensions: { nothing: 'off' } }, /nothing: .*no such extension/],
    [{ extensions: { json: 'off' } }, /json: .*built into/],
    [{ extensions: { xdebug: 'on' } }, /xdebug: .*per project/],
    [{ extensions: { pdo: 'off' } }, /pdo: .*cannot be switched off/],
    [{ values: { memory_limit: '1G\nextension_dir=/tmp' } }, /one line/],
    [{ values: { memory_limit: '1G' }, extensions: { mysqlnd: 'off' } }, /mysqlnd: /],
  ])('are refused before anything changes: %j', async (change, detail) => {
    const [before, pid] = [await ask('php.settings'), await pidOf('php')];
    const { error } = await set(change);
    expect(error).toMatchObject({ code: 'VALIDATION_FAILED', detail: expect.stringMatching(detail) });
    expect(await ask('php.settings')).toEqual(before);
    expect(await pidOf('php')).toBe(pid);
  });

  it('go back by themselves when php-fpm does not start with them', async () => {
    const preload = join(world.root, 'probe/preload.php');
    // Nothing is wrong while it is only tried (-t); the pool itself ends with it.
    writeFileSync(
      preload,
      '<?php $words = explode("\\0", file_get_contents("/proc/self/cmdline")); if (!in_array("-t", $words)) exit(3);',
    );
    const ini = readFileSync(
      world.path('runtime/bin/php', (await ask<PhpSettings>('php.settings')).version, 'linux-x64/usr/bin/php.ini'),
      'utf8',
    );
    const { error } = await set({ values: { 'opcache.preload': preload } });
    expect(error).toMatchObject({
      detail: expect.stringContaining('opcache.preload'),
      remedy: expect.stringContaining('former settings are back'),
    });
    expect((await ask<PhpSettings>('php.settings')).others).toEqual([]);
    expect((await overHttps()).ini['memory_limit']).toBe('512M');
    expect(
      readFileSync(world.path('runtime/bin/php', (await overHttps()).version, 'linux-x64/usr/bin/php.ini'), 'utf8'),
    ).toBe(ini);
  });

  it('outlive the daemon and a new installation', async () => {
    await set({ values: { memory_limit: '333M' }, extensions: { xsl: 'off' } });
    await world.koji('quit');
    await world.koji('runtime', 'remove', 'php', '8.2');
    await world.koji('runtime', 'install', 'php', '8.2', '--json');
    const seen = await onCommandLine();
    expect(seen.ini['memory_limit']).toBe('333M');
    expect(seen.extensions).not.toContain('xsl');
    await world.koji('start', 'php');
    await world.koji('start', 'edge');
    expect((await overHttps()).ini['memory_limit']).toBe('333M');
  });

  it('of one project come from a .user.ini in its folder', async () => {
    writeFileSync(join(world.root, 'probe/.user.ini'), 'user_agent = "mine alone"\n');
    await world.koji('restart', 'php');
    expect((await overHttps()).ini['user_agent']).toBe('mine alone');
  });
});

describe('which PHP is used', () => {
  const entryOf = async (name: string, series: string): Promise<RuntimeListEntry | undefined> =>
    (await ask<RuntimeListEntry[]>('runtime.list')).find((one) => one.name === name && one.series === series);

  it('is what the user says: sites, the command line, and back', async () => {
    const other = join(world.root, 'other');
    mkdirSync(other);
    writeFileSync(join(other, 'index.php'), '<?php echo PHP_VERSION;');
    chmodSync(other, 0o755);
    const project = { id: 'other', name: 'O', path: other, domain: 'other.test', stack: 'php' };
    await world.call('config.setProject', { ...project, overrides: { PHP_VERSION: '8.2' } });
    await world.koji('runtime', 'use', 'php', '8.4', '--json');
    expect((await overHttps()).version).toMatch(/^8\.4\./);
    expect((await onCommandLine()).version).toMatch(/^8\.4\./);
    expect((await world.get('/', 'other.test')).body).toMatch(/^8\.2\./);
    expect(await entryOf('php', '8.4')).toMatchObject({ isDefault: true });
    expect(await entryOf('php', '8.2')).toMatchObject({ isDefault: false });

    // Each series has settings of its own.
    await ask('php.set', { series: '8.4', values: { memory_limit: '444M' }, extensions: { xsl: 'off' } });
    for (const seen of [await overHttps(), await onCommandLine()]) {
      expect(seen.ini['memory_limit']).toBe('444M');
      expect(seen.extensions).not.toContain('xsl');
    }
    await world.koji('runtime', 'use', 'php', '8.2', '--json');
    expect((await overHttps()).ini['memory_limit']).toBe('333M');
    expect((await overHttps()).version).toMatch(/^8\.2\./);
    expect((await ask<ServiceState[]>('services.list')).map(({ id }) => id)).not.toContain('php-8.4');
  });

  it('stays at the pinned version when another of its series is installed', async () => {
    const { version } = await ask<PhpSettings>('php.settings', { series: '8.2' });
    await world.koji('runtime', 'pin', 'php', '8.2');
    expect(await entryOf('php', '8.2')).toMatchObject({ pinned: version });
    await world.koji('runtime', 'remove', 'php', '8.4');
    // As an installation would leave it: a tree and an entry, the newest.
    await world.koji('quit');
    const [from, to] = [world.path('runtime/bin/php', version), world.path('runtime/bin/php/8.2.99')];
    cpSync(from, to, { recursive: true, verbatimSymlinks: true });
    const file = world.path('runtime/lock.json');
    const lock = JSON.parse(readFileSync(file, 'utf8')) as { value: { name: string; version: string; path: string }[] };
    const entry = lock.value.find((one) => one.name === 'php' && one.version === version);
    lock.value.push({ ...entry!, version: '8.2.99', path: entry!.path.replace(version, '8.2.99') });
    writeFileSync(file, JSON.stringify(lock));
    const running = async (): Promise<string> =>
      (await world.koji('php', '-r', 'echo PHP_BINARY;')).split('/bin/php/')[1]?.split('/')[0] ?? '';
    expect(await running()).toBe(version);
    const kept = await world.kojiResult('runtime', 'remove', 'php', version);
    expect(kept.stderr + kept.stdout).toContain('is pinned');
    await world.koji('runtime', 'unpin', 'php', '8.2');
    expect(await running()).toBe('8.2.99');
    const again = await world.kojiResult('runtime', 'unpin', 'php', '8.2');
    expect(again.code).not.toBe(0);
    expect(again.stdout + again.stderr).toContain('it is not pinned');
    await world.koji('runtime', 'remove', 'php', '8.2.99');
    expect(await running()).toBe(version);
  });

  it('is written down for a colleague, who gets the same bytes or is told what is not to be had', async () => {
    await world.koji('runtime', 'lock', 'probe');
    const file = join(world.root, 'probe/kojibox.lock.json');
    const lock = JSON.parse(readFileSync(file, 'utf8')) as RuntimeLock;
    expect(lock.runtimes.map(({ name }) => name).sort()).toEqual(['mariadb', 'php', 'postgres', 'redis']);
    const redis = lock.runtimes.find(({ name }) => name === 'redis');
    expect(redis?.digest).toBe((await entryOf('redis', '7.0'))?.installed?.digest);

    // The colleague does not have Redis.
    await world.koji('runtime', 'remove', 'redis', '7.0');
    expect(await entryOf('redis', '7.0')).toMatchObject({ installed: null });
    await world.koji('runtime', 'install', '--locked', file, '--json');
    expect((await entryOf('redis', '7.0'))?.installed).toMatchObject({
      version: redis?.version,
      digest: redis?.digest,
    });
    expect(await entryOf('redis', '7.0')).toMatchObject({ pinned: redis?.version });

    await world.koji('runtime', 'unpin', 'redis', '7.0');
    await world.koji('runtime', 'remove', 'redis', '7.0');
    const altered = (change: object): string => {
      const path = join(world.root, 'altered.json');
      writeFileSync(path, JSON.stringify({ lockVersion: 1, runtimes: [{ ...redis, ...change }] }));
      return path;
    };
    for (const [change, told] of [
      [{ version: '7.0.1' }, /its source has 7\.0\./],
      [{ digest: `sha256:${'0'.repeat(64)}` }, /other bytes/],
      [{ series: '5.0' }, /there is redis 7\.0/],
      [{ os: 'plan9' }, /nothing for linux/],
      [{ digest: 'md5:1' }, /runtimes\.0\.digest/],
    ] as const) {
      const { code, stdout, stderr } = await world.kojiResult('runtime', 'install', '--locked', altered(change));
      expect(code).not.toBe(0);
      expect(stdout + stderr).toMatch(told);
      expect(await entryOf('redis', '7.0')).toMatchObject({ installed: null, pinned: null });
    }
  });
});

describe('extensions that are added', () => {
  it('come with their libraries, for sites and the command line, are locked, and what fails changes nothing', async () => {
    const states = async (): Promise<Record<string, string>> =>
      Object.fromEntries(
        (await ask<PhpSettings>('php.settings', { series: '8.2' })).extensions.map(({ name, state }) => [name, state]),
      );
    // A test before this one has ended everything.
    await world.koji('up', '--json');
    expect(await states()).toMatchObject({ soap: 'available', imagick: 'available', gd: 'on' });
    expect((await set({ extensions: { soap: 'on' } })).error?.remedy).toBe('Add it with: koji ini add 8.2 soap');
    const refused = await world.kojiResult('ini', 'add', '8.2', 'soap', 'nonsense');
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain('nonsense');

    await world.koji('ini', 'add', '8.2', 'soap', 'imagick', 'imap', 'gmp');
    expect(await states()).toMatchObject({ soap: 'on', imagick: 'on', imap: 'on', gmp: 'on' });
    for (const seen of [await overHttps(), await onCommandLine()])
      expect(seen.extensions).toEqual(expect.arrayContaining(['soap', 'imagick', 'imap', 'gmp', 'gd']));
    const png = `$i = new Imagick(); $i->newImage(4, 4, 'red'); $i->setImageFormat('png'); echo bin2hex(substr($i->getImageBlob(), 1, 3));`;
    expect(await world.koji('php', '-r', png)).toContain('504e47');
    const php = (await ask<RuntimeListEntry[]>('runtime.list')).find(
      ({ name, series }) => name === 'php' && series === '8.2',
    );
    expect(php?.installed?.extensions).toEqual(['gmp', 'imagick', 'imap', 'soap']);
    expect(php?.installed?.artifacts.some(({ file }) => file.includes('php8.2-soap'))).toBe(true);
    const { lock } = await ask<{ lock: RuntimeLock }>('runtime.lock', { project: 'probe' });
    expect(lock.runtimes.find(({ name }) => name === 'php')).toMatchObject({
      extensions: ['gmp', 'imagick', 'imap', 'soap'],
      digest: php?.installed?.digest,
    });
    expect(readdirSync(world.path('runtime/temp')).filter((name) => /^(install|remove)-/.test(name))).toEqual([]);
    expect((await set({ extensions: { soap: 'off' } })).settings).toBeDefined();
    expect((await onCommandLine()).extensions).not.toContain('soap');
  });

  it('say how much they fetch, and go again: what PHP has by itself and the others stay', async () => {
    const named = { series: '8.2', names: ['apcu'] };
    const preview = await ask<ExtensionDownload>('php.previewExtensions', named);
    expect(preview.restarts).toContain('php');
    expect(preview.downloadBytes).toBeGreaterThanOrEqual(0);
    const refused = await world.kojiResult('ini', 'remove', '8.2', 'gd');
    expect(refused.stderr).toContain('it was not added to PHP 8.2; these were: gmp, imagick, imap, soap');

    const removed = await world.kojiResult('ini', 'remove', '8.2', 'soap', 'imap');
    expect(removed).toMatchObject({ code: 0, stderr: expect.stringContaining('koji ini add 8.2 soap imap') });
    for (const seen of [await overHttps(), await onCommandLine()]) {
      expect(seen.extensions).toEqual(expect.arrayContaining(['imagick', 'gmp', 'gd', 'xml']));
      expect(seen.extensions).not.toContain('imap');
    }
    const states = (await ask<PhpSettings>('php.settings', { series: '8.2' })).extensions;
    expect(states).toContainEqual({ name: 'gmp', state: 'on', isAdded: true });
    expect(states).toContainEqual({ name: 'soap', state: 'available' });
    // Its packages are in the cache.
    expect(await ask('php.previewExtensions', { series: '8.2', names: ['soap'] })).toMatchObject({ downloadBytes: 0 });
    const added = JSON.parse(await world.koji('ini', 'add', '8.2', 'soap', '--json')) as object;
    expect(added).toMatchObject({ downloadBytes: 0 });
    // It had been switched off, and is used again.
    expect((await overHttps()).extensions).toContain('soap');
  });
});
