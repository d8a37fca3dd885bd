/**
 * What a project's code can do to a daemon that runs as root: nothing. Each test plants what an attacker would plant, as the user that PHP
 * runs as, and looks at files that only root may read or change.
 */
import { lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MailSummary } from '../../contract/mail.ts';
import { isRoot, phpSite, runAs, usersOf } from './root-world.ts';
import { upPrepared } from './prepared-stack.ts';
import { createStackWorld, type StackWorld } from './stack-world.ts';

const SECRET = 'only-root-may-read-this';

describe.runIf(isRoot)('as root, the code of a project', () => {
  let world: StackWorld;
  /** Of root alone, with a file of root alone. */
  let victim: string;
  let attack: (code: string) => Promise<unknown>;

  beforeAll(async () => {
    world = createStackWorld();
    victim = join(world.root, 'victim');
    mkdirSync(victim, { mode: 0o700 });
    writeFileSync(join(victim, 'secret.txt'), SECRET, { mode: 0o600 });
    await upPrepared(world.home, () => world.koji('up', '--json'));
    attack = await phpSite(world, 'evil');
  });
  afterAll(() => world.remove());

  const expectUntouched = (): void => {
    expect(readdirSync(victim)).toEqual(['secret.txt']);
    expect(lstatSync(victim)).toMatchObject({ uid: 0, gid: 0, mode: 0o40700 });
    expect(lstatSync(join(victim, 'secret.txt'))).toMatchObject({ uid: 0, gid: 0, mode: 0o100600 });
  };
  const serviceOf = async (id: string) => (await world.services()).find((service) => service.id === id);

  it('does not change what the edge reads, and no edge serves a file of root', async () => {
    const config = world.path('runtime/config/edge.json');
    const before = await serviceOf('edge');
    const evil = JSON.parse(readFileSync(config, 'utf8')) as { sites: object[] };
    const [first] = evil.sites;
    const route = { path: '/', route: { type: 'static', documentRoot: '/', fallback: null } };
    const text = JSON.stringify({
      ...evil,
      runAs: null,
      sites: [{ ...first, hosts: ['pwn.localhost'], routes: [route] }],
    });
    const payload = Buffer.from(text).toString('base64');
    await attack(`
      $text = base64_decode('${payload}');
      @file_put_contents('${config}', $text);
      @rename('${config}', '${config}.old');
      @file_put_contents('${config}.new', $text);
      @rename('${config}.new', '${config}');
      return @posix_kill(${before?.pid ?? 0}, 9) ? 'killed' : 'alive';
    `).catch(() => 'the edge went away');
    await expect.poll(async () => (await serviceOf('edge'))?.state).toBe('running');
    const after = await serviceOf('edge');
    expect(usersOf(after?.pid ?? 0)).not.toContain(0);
    const stolen = await world
      .get(`${victim}/secret.txt`, 'pwn.localhost')
      .catch((error: Error) => ({ body: error.message }));
    expect(stolen.body).not.toContain(SECRET);
    // Its passwords and keys are for the edge alone.
    expect(await attack(`return @file_get_contents('${config}');`)).toBe(false);
    const keys = readdirSync(world.path('app/certs')).filter((name) => name.endsWith('.key'));
    for (const key of keys)
      expect(await attack(`return @file_get_contents('${world.path('app/certs', key)}');`)).toBe(false);
  });

  it('does not make root change the owner or mode of a file by a link', async () => {
    const php = await serviceOf('php');
    // Every folder that it may write: what is in it is put aside, and a link to root's folder takes its place.
    const planted = await attack(`
      $planted = [];
      $visit = function (string $folder) use (&$visit, &$planted) {
        foreach (@scandir($folder) ?: [] as $name) {
          if ($name === '.' || $name === '..') continue;
          $path = "$folder/$name";
          if (is_link($path) || !is_dir($path)) continue;
          if (str_contains($path, '/data/') || str_contains($path, '/bin/')) continue;
          $visit($path);
          if (@rename($path, "$path.aside") && symlink('${victim}', $path)) $planted[] = $path;
        }
        if (is_writable($folder)) @symlink('${victim}', "$folder/sessions") && $planted[] = "$folder/sessions";
      };
      foreach (['runtime', 'app', 'run'] as $folder) $visit('${world.home}/' . $folder);
      register_shutdown_function(fn () => posix_kill(${php?.pid ?? 0}, 9));
      return $planted;
    `);
    // It has folders of its own to try it in.
    expect(planted).toContainEqual(expect.stringContaining('/runtime/temp/'));
    await expect.poll(async () => (await serviceOf('php'))?.pid).not.toBe(php?.pid);
    await world.kojiResult('restart', 'php', '--json');
    expectUntouched();
  });

  it('does not make root write or read a mail through a link', async () => {
    const mails = async (): Promise<MailSummary[]> => (await world.call<{ mails: MailSummary[] }>('mail.list')).mails;
    const planted = await attack(`
      $folder = null;
      foreach (['runtime/mail-drop', 'runtime/data/mail'] as $candidate)
        if (is_writable('${world.home}/' . $candidate)) $folder ??= '${world.home}/' . $candidate;
      if ($folder === null) return null;
      symlink('${victim}/secret.txt', "$folder/x.eml");
      posix_mkfifo("$folder/pipe.eml", 0644);
      for ($ms = (int) (microtime(true) * 1000), $end = $ms + 1500; $ms < $end; $ms++)
        for ($n = 1; $n <= 2; $n++) {
          $time = gmdate('Y-m-d\\\\TH-i-s', intdiv($ms, 1000)) . sprintf('-%03dZ', $ms % 1000);
          @symlink('${victim}/profile.sh', "$folder/.$time-$n");
        }
      return $folder;
    `);
    // A folder for its mails is there, or nothing was tested.
    expect(planted).toBeTypeOf('string');
    const php = `$socket = fsockopen('127.0.0.1', (int) getenv('MAIL_PORT'));
      foreach (['HELO x', 'MAIL FROM:<a@b.test>', 'RCPT TO:<c@d.test>', 'DATA'] as $line) fwrite($socket, "$line\\r\\n");
      fwrite($socket, "Subject: planted\\r\\n\\r\\nrm -rf\\r\\n.\\r\\nQUIT\\r\\n");
      return stream_get_contents($socket);`;
    expect(await attack(php)).toContain('caught');
    expect(await attack(`return mail('bob@example.test', 'From PHP', 'still comes through');`)).toBe(true);
    await expect.poll(async () => (await mails()).map(({ subject }) => subject)).toContain('From PHP');
    for (const { id } of [...(await mails()), { id: 'x' }]) {
      const { body } = await world.rpc(JSON.stringify({ method: 'mail.source', params: { id } }));
      const base64 = (body.result as { base64?: string } | undefined)?.base64 ?? '';
      expect(Buffer.from(base64, 'base64').toString()).not.toContain(SECRET);
    }
    expectUntouched();
  });

  it('finds no secret of the daemon, and no socket but its own', async () => {
    const found = await attack(`
      $found = [];
      $visit = function (string $folder) use (&$visit, &$found) {
        foreach (@scandir($folder) ?: [] as $name) {
          $path = "$folder/$name";
          if ($name === '.' || $name === '..' || is_link($path)) continue;
          if (is_dir($path)) $visit($path);
          elseif (filetype($path) === 'socket' && is_writable($path)) $found[] = $path;
          elseif (preg_match('/(token|\\\\.key|daemon\\\\.json|secrets.*)$/', $name) && is_readable($path)) $found[] = $path;
        }
      };
      foreach (['app', 'app/config', 'app/certs', 'runtime/config', 'run'] as $folder) $visit('${world.home}/' . $folder);
      return $found;
    `);
    expect(found).toEqual([]);
  });
});

describe.runIf(isRoot)('an edge that is started as root', () => {
  it('ends before it reads anything, unless it has a user to become', () => {
    const { code, output } = runAs(['node', 'dist/edge/main.mjs', '/no/such/file'], 0);
    expect(output).toContain('--run-as');
    expect(code).toBe(64);
    expect(output).not.toContain('ENOENT');
  });

  it('has given up root before it reads its configuration', () => {
    const { output } = runAs(['node', 'dist/edge/main.mjs', '--run-as', '65534:65534', '/root/edge.json'], 0);
    expect(output).toContain('EACCES');
  });

  it('runs as another user without the argument', () => {
    const { output } = runAs(['node', 'dist/edge/main.mjs', '/no/such/file'], 65534);
    expect(output).toContain('ENOENT');
  });
});
