import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { systemFiles } from '../../daemon/system/files.ts';
import { renewStarterProject } from './starter.ts';

const TEMPLATE = 'runtime/templates/hello';
let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'kojibox-starter-'))));
afterEach(() => rmSync(folder, { recursive: true }));

const current = readFileSync(join(TEMPLATE, 'checks.php'), 'utf8');
/** As a former version wrote it. */
const former = current
  .replace("    $redis->auth(getenv('REDIS_PASSWORD'));\n", '')
  .replaceAll('hello.visits', 'kojibox.hello')
  .replace("EXISTS hello'", "EXISTS kojibox'");
const renew = async (text: string): Promise<string> => {
  writeFileSync(join(folder, 'checks.php'), text);
  await renewStarterProject(systemFiles, { template: TEMPLATE, folder, owner: null });
  return readFileSync(join(folder, 'checks.php'), 'utf8');
};

it('an unchanged starter logs in to Redis after an update', async () => {
  expect(former).not.toBe(current);
  expect(await renew(former)).toBe(current);
});

it('a changed one stays as it is, and one that is not there is not made', async () => {
  expect(await renew(`${former}// mine\n`)).toBe(`${former}// mine\n`);
  rmSync(join(folder, 'checks.php'));
  await renewStarterProject(systemFiles, { template: TEMPLATE, folder, owner: null });
  expect(() => readFileSync(join(folder, 'checks.php'))).toThrow(/ENOENT/);
});
