import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { operationByName } from '../../contract/index.ts';
import { parseDeepLink, readCommandLine } from './deep-link.ts';

describe('kojibox:// links', () => {
  it.each([
    ['kojibox://open', { type: 'open' }],
    ['kojibox://open/', { type: 'open' }],
    ['kojibox://project/my-shop', { type: 'project', id: 'my-shop' }],
    ['kojibox://project/my-shop/', { type: 'project', id: 'my-shop' }],
    ['kojibox://runtime/php@8.4', { type: 'runtime', name: 'php', version: '8.4' }],
    ['kojibox://runtime/redis@7.0~rc1+x', { type: 'runtime', name: 'redis', version: '7.0~rc1+x' }],
  ])('%s', (text, link) => {
    expect(parseDeepLink(text)).toEqual(link);
  });

  it.each([
    '',
    'kojibox:',
    'kojibox://',
    'kojibox:open',
    'KOJIBOX://open',
    ' kojibox://open',
    'kojibox://open\n',
    'kojibox://open?x=1',
    'kojibox://open#x',
    'kojibox://user@open',
    'kojibox://open:80',
    'kojibox://project/',
    'kojibox://project/../x',
    'kojibox://project/a/b',
    'kojibox://project/%61',
    'kojibox://project/A',
    'kojibox://project/-rf',
    'kojibox://project/a\u202eb',
    `kojibox://project/${'a'.repeat(65)}`,
    'kojibox://runtime/php',
    'kojibox://runtime/php@',
    'kojibox://runtime/php@8@9',
    'kojibox://runtime/@8',
    'kojibox://runtime/php@../../x',
    'kojibox://delete/everything',
    'https://project/x',
    'javascript:alert(1)',
    null,
    7,
    {},
  ])('%j is none', (text) => {
    expect(parseDeepLink(text)).toBeNull();
  });

  it('is understood only as what it says, and the daemon would take each part', () => {
    const part = fc.oneof(
      fc.string(),
      fc.stringMatching(/^[a-z0-9@./%#?-]{0,40}$/),
      fc.constantFrom('..', '%2e', '\0'),
    );
    const text = fc
      .tuple(fc.constantFrom('kojibox://', 'kojibox:', ''), fc.constantFrom('open', 'project/', 'runtime/', ''), part)
      .map((parts) => parts.join(''));
    const project = operationByName.get('config.getProject')?.input;
    const runtime = operationByName.get('runtime.install')?.input;
    fc.assert(
      fc.property(fc.oneof(text, fc.string(), fc.anything()), (given) => {
        const link = parseDeepLink(given);
        if (link === null) return;
        if (link.type === 'project') {
          expect(project?.safeParse({ id: link.id }).success).toBe(true);
          expect(String(given).replace(/\/$/, '')).toBe(`kojibox://project/${link.id}`);
        }
        if (link.type === 'runtime') {
          expect(runtime?.safeParse({ name: link.name, version: link.version }).success).toBe(true);
          expect(String(given).replace(/\/$/, '')).toBe(`kojibox://runtime/${link.name}@${link.version}`);
        }
      }),
      { numRuns: 5000 },
    );
  });

  it('reads every link that can be written', () => {
    const id = fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,63}$/);
    fc.assert(
      fc.property(id, (each) => {
        expect(parseDeepLink(`kojibox://project/${each}`)).toEqual({ type: 'project', id: each });
      }),
    );
  });
});

describe('a command line', () => {
  it('is looked through for links and packs; switches count for nothing', () => {
    expect(
      readCommandLine([
        '/opt/Kojibox/kojibox',
        '--no-sandbox',
        '--x=kojibox://open',
        'kojibox://runtime/php@8.4',
        'kojibox://nonsense',
        '/tmp/stack.kojipack',
        'https://evil.test/a.kojipack',
        '/tmp/other.zip',
      ]),
    ).toEqual({ links: [{ type: 'runtime', name: 'php', version: '8.4' }], packs: ['/tmp/stack.kojipack'] });
    expect(readCommandLine(['kojibox://open'])).toEqual({ links: [], packs: [] });
    expect(readCommandLine([])).toEqual({ links: [], packs: [] });
  });
});
