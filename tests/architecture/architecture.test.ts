import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ERRORS } from '../../contract/errors.ts';
import { checkFileAccess } from './file-access.ts';
import {
  checkCoreGlobals,
  checkErrorCodes,
  checkFootprint,
  checkForbiddenText,
  checkImports,
  checkShape,
  findImportCycle,
  type SourceFile,
} from './rules.ts';

const tracked = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { encoding: 'utf8' })
  .trim()
  .split('\n')
  .filter((path) => existsSync(path));
const read = (path: string): SourceFile => ({ path, text: readFileSync(path, 'utf8') });
const source = tracked.filter((path) => /\.(ts|vue|mjs)$/.test(path)).map(read);
const product = source.filter(({ path }) =>
  /^(contract|core|client|daemon|edge|cli|electron|installer|renderer)\//.test(path),
);

describe('the house', () => {
  it('imports go down only', () => {
    expect(checkImports(product)).toEqual([]);
  });

  it('has no circle of files', () => {
    expect(
      findImportCycle(
        product
          .filter(({ path }) => !path.endsWith('.test.ts'))
          .map(({ path, text }) => ({ path, text: text.replaceAll(/import type [^;]*;/g, '') })),
      ),
    ).toBeNull();
  });

  it('core touches the world through its interfaces', () => {
    expect(checkCoreGlobals(product)).toEqual([]);
  });

  it('folders of other users are reached through one module', () => {
    expect(checkFileAccess(product)).toEqual([]);
  });

  it('the daemon does not wake what it is small without', () => {
    expect(checkFootprint(product)).toEqual([]);
  });

  it('files are short and named for their job', () => {
    expect(checkShape(source)).toEqual([]);
  });

  it('names no registry, holds no download address and no private key', () => {
    const text = tracked.filter((path) => !/\.(png|ico|icns|woff2)$/.test(path) && path !== 'LEAD-NOTE.md').map(read);
    expect(checkForbiddenText(text)).toEqual([]);
  });

  it('every error code is thrown and documented', () => {
    expect(checkErrorCodes(Object.keys(ERRORS), product, readFileSync('docs/reference/errors.md', 'utf8'))).toEqual([]);
  });
});

describe('each rule can fail', () => {
  const broken = (path: string, text: string): SourceFile[] => [{ path, text }];
  it.each([
    ['core/a/b.ts', "import { x } from '../../daemon/y.ts';"],
    ['core/a/b.ts', "import type { Stats } from 'node:fs';"],
    ['core/a.ts', "import ws from 'ws';"],
    ['contract/a.ts', "import { x } from '../core/b.ts';"],
    ['client/a.ts', "import { connect } from 'node:net';"],
    ['client/a.ts', "import { x } from './launch/b.ts';"],
    ['renderer/stores/a.ts', "import { x } from '../../client/launch/b.ts';"],
    ['client/launch/a.ts', "import ws from 'ws';"],
    ['installer/privileged/a.ts', "import { x } from '../../core/kojibox.ts';"],
    ['installer/privileged/a.ts', "import forge from 'node-forge';"],
    ['cli/a.ts', "import { x } from '../daemon/main.ts';"],
    ['daemon/handlers/a.ts', "import { x } from '../transports/http.ts';"],
    ['renderer/ui/A.vue', "import { useStack } from '../stores/stack.ts';"],
    ['renderer/features/a/B.vue', "import { x } from '../c/d.ts';"],
    ['electron/preload/index.ts', "import { x } from '../../client/index.ts';"],
  ])('%s: %s', (path, text) => {
    expect(checkImports(broken(path, text))).toHaveLength(1);
  });

  it('a circle', () => {
    expect(
      findImportCycle([
        { path: 'core/a.ts', text: "import './b.ts'" },
        { path: 'core/b.ts', text: "import './a.ts'" },
      ]),
    ).toEqual(['core/a.ts', 'core/b.ts', 'core/a.ts']);
  });

  it('a timer in core, but not the word in a comment or a string', () => {
    expect(checkCoreGlobals(broken('core/a.ts', 'setTimeout(f, 1)'))).toHaveLength(1);
    expect(checkCoreGlobals(broken('core/a.ts', "// setTimeout\nconst a = 'setTimeout';"))).toEqual([]);
  });

  it.each([
    ['daemon/handlers/a.ts', "import { readFile } from 'node:fs/promises';"],
    ['daemon/mail/a.ts', "import { writeFileSync } from 'node:fs';"],
    ['daemon/mail/a.ts', 'await chown(path, uid, gid);'],
    ['edge/a.ts', 'fchmodSync(descriptor, 0o600);'],
    ['core/projects/a.ts', "await files.readText(join(folder, 'package.json'))"],
    ['core/importers/a.ts', 'await files.readBytes(path)'],
    ['core/databases/a.ts', 'await files.writeAtomic(path, text, { owner: system.host.serviceUser })'],
    ['daemon/mail/a.ts', 'const owner = system.host.serviceUser;'],
  ])('a way around the module for folders of others: %s: %s', (path, text) => {
    expect(checkFileAccess(broken(path, text))).toHaveLength(1);
    expect(checkFileAccess(broken(path, `// ${text}`))).toEqual([]);
  });

  it('text compared by collation', () => {
    expect(checkFootprint(broken('core/a.ts', 'a.localeCompare(b)'))).toHaveLength(1);
    expect(checkFootprint(broken('cli/a.ts', 'a.localeCompare(b)'))).toEqual([]);
  });

  it('long, vague, wrongly named and platform-minded files', () => {
    expect(checkShape(broken('core/a.ts', '\n'.repeat(501)))).toHaveLength(1);
    expect(checkShape(broken('electron/preload/index.ts', '\n'.repeat(41)))).toHaveLength(1);
    expect(checkShape(broken('core/utils.ts', ''))).toHaveLength(1);
    expect(checkShape(broken('core/someThing.ts', ''))).toHaveLength(1);
    expect(checkShape(broken('core/a.ts', 'process.platform'))).toHaveLength(1);
  });

  it('forbidden text', () => {
    const joined = (...parts: string[]): string => parts.join('');
    expect(checkForbiddenText(broken('a', joined('https://registry.', 'npm', 'js.org')))).toHaveLength(1);
    expect(checkForbiddenText(broken('package-lock.json', joined('"resolved"', ': "https://x"')))).toHaveLength(1);
    expect(checkForbiddenText(broken('a', joined('-----BEGIN PRIVATE ', 'KEY-----')))).toHaveLength(1);
  });

  it('a code that nobody throws or documents', () => {
    expect(checkErrorCodes(['NEW_CODE'], [], '')).toHaveLength(2);
    expect(
      checkErrorCodes(['NEW_CODE'], [{ path: 'core/a.ts', text: "new KojiboxError('NEW_CODE'" }], '`NEW_CODE`'),
    ).toEqual([]);
  });
});
