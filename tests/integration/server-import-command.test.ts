/** Taking databases over from the command line: the standard input, questions at a terminal, and where the password can be seen. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ServerImportRecord } from '../../contract/server-import.ts';
import type { DatabasesWorld } from './databases-world.ts';
import { HOSTILE } from './foreign-content.ts';
import { OWNER, PASSWORD, type ForeignServer } from './foreign-servers.ts';
import { createServerImportWorld, type ServerImportWorld } from './server-import-world.ts';
import type { StackWorld } from './stack-world.ts';
import { openTerminal, type Terminal } from './terminal.ts';

let imports: ServerImportWorld;
let world: StackWorld;
let own: DatabasesWorld;
let maria: ForeignServer;

beforeAll(async () => {
  imports = await createServerImportWorld();
  ({ world, own, maria } = imports);
  // Their names are taken here from now on.
  await imports.taken(maria, ['shop', HOSTILE]);
});
afterAll(() => imports.remove());

const names = (engine: string): Promise<string[]> => imports.names(engine);
/** Empty when the process has ended. */
function readProcessFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

it('is a command too: the password comes by the standard input', async () => {
  const koji = (...args: string[]): string =>
    execFileSync('./koji', ['db', 'take-over', 'mysql', '--port', String(maria.port), '--user', OWNER, ...args], {
      input: `${PASSWORD}\n`,
      encoding: 'utf8',
      env: { ...process.env, KOJIBOX_HOME: world.home, KOJIBOX_HOSTS_FILE: join(world.root, 'hosts') },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
  const plain = koji('--password-stdin', '--dry-run');
  expect(plain).toMatch(/MariaDB 10\.11\.\d+ 127\.0\.0\.1:\d+ as boss → MariaDB 10\.11/);
  expect(plain).toMatch(/4 +shop +3 +[\d.]+ kB +shop_2/);
  const { imported } = JSON.parse(koji('--password-stdin', '--only', 'shop=by_cli', '--yes', '--json')) as {
    imported: ServerImportRecord;
  };
  expect(imported.databases).toMatchObject([{ from: 'shop', name: 'by_cli', tables: 3, rows: 7 }]);
  expect(await own.mariadb('select count(*) as n from by_cli.customers')).toEqual([{ n: 3n }]);
  await world.koji('db', 'undo-import', imported.id, '--json');
  expect(await names('mariadb')).not.toContain('by_cli');
  expect(() => koji('--only', 'shop', '--yes')).toThrow();
});

describe('at a terminal', () => {
  const env = { ...process.env };
  /** The shell outlives a Ctrl-C, to tell how the command left the terminal. */
  const sit = (): Terminal =>
    openTerminal(
      `trap : INT; ./koji db take-over mysql --port ${maria.port} --user ${OWNER}; echo "ended with $?"; stty -a`,
      {
        ...env,
        KOJIBOX_HOME: world.home,
        KOJIBOX_HOSTS_FILE: join(world.root, 'hosts'),
      },
    );
  /** Argument lists and environments of what belongs to this home. https://man7.org/linux/man-pages/man5/proc.5.html */
  const processTexts = (): string[] =>
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((pid) => ['cmdline', 'environ'].map((file) => readProcessFile(`/proc/${pid}/${file}`)).join('\0'))
      .filter((text) => text.includes(world.root));
  const expectOrder = async (terminal: Terminal): Promise<void> => {
    await terminal.waitFor('ended with 130');
    await terminal.waitFor(' icanon');
    await terminal.waitFor(' echo ');
  };

  it('the password is neither shown nor seen, a wrong one is asked again, and Ctrl-C copies nothing', async () => {
    const before = await names('mariadb');
    const terminal = sit();
    try {
      await terminal.waitFor('User');
      terminal.type('\r');
      await terminal.waitFor('Password');
      terminal.type('a wrong one\r');
      await terminal.waitFor("Access denied for user 'boss'");
      await terminal.waitFor('User');
      terminal.type('\r');
      await terminal.waitFor('Password');
      terminal.type(`${PASSWORD}\r`);
      await terminal.waitFor('Which of them?');
      const texts = processTexts();
      expect(texts.length).toBeGreaterThan(1);
      expect(texts.filter((text) => text.includes(PASSWORD))).toEqual([]);
      terminal.type('1\r');
      await terminal.waitFor('instead?');
      terminal.type('\r');
      await terminal.waitFor('now?');
      terminal.type('\u0003');
      await expectOrder(terminal);
      expect(terminal.shown()).not.toContain(PASSWORD);
      expect(terminal.shown()).not.toContain('a wrong one');
    } finally {
      await terminal.close();
    }
    expect(await names('mariadb')).toEqual(before);
  });

  it('Ctrl-C in the middle of a password leaves the terminal in order', async () => {
    const terminal = sit();
    try {
      await terminal.waitFor('User');
      terminal.type('\r');
      await terminal.waitFor('Password');
      terminal.type('half a pass\u0003');
      await expectOrder(terminal);
      expect(terminal.shown()).not.toContain('half a pass');
    } finally {
      await terminal.close();
    }
  });
});
