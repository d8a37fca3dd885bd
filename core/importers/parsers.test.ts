import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mergeHosts, parseApacheConfig } from './apache-config.ts';
import { approotsOf, parseDdevConfig } from './ddev.ts';
import { parseFlyEnvHosts } from './flyenv.ts';
import { pathCandidates } from './foreign-path.ts';
import { phpSeries } from './importer.ts';
import { parseIni } from './ini.ts';
import { parseValetConfig, parseValetNginx } from './valet.ts';
import { parseYaml, readYamlKeys, YamlError } from './yaml.ts';

describe("Apache's configuration", () => {
  it('has virtual hosts with quotes, defines, continued lines and comments', () => {
    const { hosts, documentRoot, includes, warnings } = parseApacheConfig(
      [
        'DocumentRoot "/srv/main"',
        'Include conf/extra/*.conf',
        'Define ROOT "C:/www/my shop"',
        '#<VirtualHost *:80>',
        '<VirtualHost *:80>',
        '  ServerName shop.test:80',
        '  ServerAlias a.test \\',
        '    b.test',
        '  DocumentRoot ${ROOT}/public',
        '  <Directory "${ROOT}">',
        '    Require all granted',
        '  </Directory>',
        '  SetHandler "proxy:unix:/run/php/php8.3-fpm.sock|fcgi://localhost"',
        '</VirtualHost>',
      ].join('\r\n'),
    );
    expect(warnings).toEqual([]);
    expect(documentRoot).toBe('/srv/main');
    expect(includes).toEqual(['conf/extra/*.conf']);
    expect(hosts).toEqual([
      {
        serverName: 'shop.test',
        aliases: ['a.test', 'b.test'],
        documentRoot: 'C:/www/my shop/public',
        phpVersion: '8.3',
        target: null,
      },
    ]);
  });

  it('says what it cannot read', () => {
    expect(parseApacheConfig('DocumentRoot "/srv').warnings).toEqual(['line 1: a quotation mark is not closed']);
    expect(parseApacheConfig('<VirtualHost *>\nServerName a.test').warnings).toEqual([
      'the last virtual host is not closed; it was left out',
    ]);
    expect(parseApacheConfig('<VirtualHost *>\n<VirtualHost *>\n</VirtualHost>').warnings[0]).toContain('line 2');
  });

  it('gives one site for ports 80 and 443', () => {
    const { hosts } = parseApacheConfig(
      '<VirtualHost *:80>\nServerName a.test\n</VirtualHost>\n<VirtualHost *:443>\nServerName a.test\nDocumentRoot /srv\nProxyPass / http://127.0.0.1:3\n</VirtualHost>',
    );
    expect(mergeHosts(hosts)).toEqual([
      { serverName: 'a.test', aliases: [], documentRoot: '/srv', phpVersion: null, target: 'http://127.0.0.1:3' },
    ]);
  });
});

describe('YAML', () => {
  it('is read as tools write it', () => {
    const text = [
      '# settings',
      'name: news # the name',
      'php_version: "8.4"',
      "quoted: 'it''s'",
      'hosts:',
      '- a',
      '- "b: c"',
      'nested:',
      '    list:',
      '        - type: x',
      '          port: 1',
      '        -',
      '          type: y',
      '    empty:',
      'flow: [1, "two, three", four]',
      'none: ~',
      'text: |',
      '    first',
      '    second',
      'map: {}',
    ].join('\n');
    expect(parseYaml(text)).toEqual({
      name: 'news',
      php_version: '8.4',
      quoted: "it's",
      hosts: ['a', 'b: c'],
      nested: { list: [{ type: 'x', port: '1' }, { type: 'y' }], empty: null },
      flow: ['1', 'two, three', 'four'],
      none: null,
      text: 'first\nsecond',
      map: {},
    });
  });

  it.each([
    'a: &x 1',
    'a: *x',
    'a: !!int 1',
    'a: [1',
    'a: {b: 1}',
    'a: "x',
    'a: [1] 2',
    '- a\nb: 1',
    'a:\n    b\n  c: 1',
  ])('%j is refused', (text) => expect(() => parseYaml(text)).toThrow(YamlError));

  it('a strange value spoils its own key alone', () => {
    const { values, warnings } = readYamlKeys('hooks: &a\n  - x\nname: news\ntype: *b', ['name', 'type']);
    expect(values.get('name')).toBe('news');
    expect(warnings).toEqual(['type: line 4: "*" is not read here']);
  });
});

it('INI files have sections, and the first of two keys counts', () => {
  const ini = parseIni(
    '\uFEFFtop=1\r\n[PHP]\r\nVersion = php-8.2.1 \r\nversion=other\r\n; no=1\r\nnonsense\r\n[php]\r\nuse=-1',
  );
  expect(ini.get('')?.get('top')).toBe('1');
  expect([...(ini.get('php') ?? [])]).toEqual([
    ['version', 'php-8.2.1'],
    ['use', '-1'],
  ]);
});

describe('Valet', () => {
  it('takes the old name of the ending, and leaves out what is no path', () => {
    expect(parseValetConfig('{"domain":".dev","paths":["/a",7,"",null]}')).toEqual({ tld: 'dev', paths: ['/a'] });
    expect(parseValetConfig('{')).toBeNull();
    expect(parseValetConfig('[]')).toEqual({ tld: 'test', paths: [] });
  });

  it.each([
    ['# ISOLATED_PHP_VERSION=php@8.1\nserver {}', '8.1'],
    ['# ISOLATED_PHP_VERSION=8.3', '8.3'],
    ['# ISOLATED_PHP_VERSION=83', '8.3'],
    ['server {}', null],
  ])('%j is isolated to %s', (text, php) => expect(parseValetNginx(text)).toEqual({ php, target: null }));
});

describe('FlyEnv', () => {
  it('has hosts, programs and entries without a name', () => {
    const { sites, warnings } = parseFlyEnvHosts(
      JSON.stringify([
        { name: 'a.test', alias: 'b.test\r\nc.test', root: '/a', phpVersion: 74, type: 'php', nginx: { rewrite: 'x' } },
        { name: 'n.test', type: 'node', root: '/n', startCommand: 'node x.js', projectPort: 3000 },
        { name: 'go.test', type: 'go', projectPort: 9000 },
        { name: 'j.test', type: 'java' },
        null,
        {
          name: 'p.test',
          reverseProxy: [
            { path: '/', url: 'http://127.0.0.1:1' },
            { path: '/api', url: 'x' },
          ],
        },
      ]),
      'host.json',
    );
    expect(sites.map(({ name, phpVersion, target, command }) => [name, phpVersion, target, command])).toEqual([
      ['a.test', '7.4', null, null],
      ['n.test', null, null, 'node x.js'],
      ['go.test', null, 'http://127.0.0.1:9000', null],
      ['j.test', null, null, null],
      ['p.test', null, 'http://127.0.0.1:1', null],
    ]);
    expect(sites[0]?.aliases).toEqual(['b.test', 'c.test']);
    expect(sites[0]?.warnings[0]).toContain('rewrite rules');
    expect(sites[3]?.warnings[0]).toContain('cannot run a java program');
    expect(sites[4]?.warnings[0]).toContain('single paths');
    expect(warnings).toEqual(['host.json: host 5 has no name']);
    expect(parseFlyEnvHosts('{"a":1}', 'x').warnings).toEqual(['x is not a list of hosts']);
    expect(parseFlyEnvHosts('[', 'x').warnings).toEqual(['x is not JSON']);
  });
});

describe('DDEV', () => {
  const about = { folder: '/code/news', name: null, source: 'config.yaml' };
  it('later files win, and its names become local ones later', () => {
    const found = parseDdevConfig(
      [
        'name: news\ndocroot: web\nphp_version: "8.3"\ndatabase:\n  type: mariadb\n  version: "10.6"',
        'database:\n  type: postgres\n  version: "16"',
      ],
      about,
    );
    expect(found).toMatchObject({
      domain: 'news.ddev.site',
      documentRoot: '/code/news/web',
      phpVersion: '8.3',
      databases: ['postgres 16'],
    });
  });
  it.each(['../../etc', '/etc', 'a/../../b', '.', ''])('a document root "%s" leaves the folder nowhere', (docroot) => {
    const { documentRoot } = parseDdevConfig([`docroot: "${docroot}"`], about);
    expect(documentRoot === null || documentRoot.startsWith('/code/news/')).toBe(true);
  });
  it('lists projects by their folders', () => {
    const said: string[] = [];
    const warn = (text: string): void => void said.push(text);
    expect(
      approotsOf('a:\n    approot: /x\n    used_host_ports: ["1"]\nb:\n    approot: relative\nc: 1', null, warn),
    ).toEqual({ a: '/x' });
    expect(approotsOf('project_info:\n  old:\n    approot: /y\n', 'project_info', warn)).toEqual({ old: '/y' });
    expect(said).toEqual([]);
    expect(approotsOf('a: &b', null, warn)).toEqual({});
    expect(said[0]).toContain('project_list.yaml cannot be read');
  });
});

it.each([
  ['php-8.2.29-nts-Win32-vs16-x64', '8.2'],
  ['php@8.1', '8.1'],
  ['82', '8.2'],
  ['7.4', '7.4'],
  ['php', null],
  ['', null],
])('"%s" is PHP %s', (text, series) => expect(phpSeries(text)).toBe(series));

it('paths of another system are looked for here', () => {
  const own = /^[a-z]:\/(?:.*?\/)?laragon(?=\/|$)/i;
  expect(pathCandidates('C:\\laragon\\www\\shop\\', own, '/mnt/d/laragon')).toEqual([
    '/mnt/d/laragon/www/shop',
    '/mnt/c/laragon/www/shop',
  ]);
  expect(pathCandidates('D:/work/x', own, '/l')).toEqual(['/mnt/d/work/x']);
  expect(pathCandidates('/home/me/x', own, '/l')).toEqual(['/home/me/x']);
  expect(pathCandidates('C:/laragon-old/www', own, '/l')).toEqual(['/mnt/c/laragon-old/www']);
});

/** What parsers meet in broken files: their own words in the wrong places, and anything at all. */
const words = fc.constantFrom(
  '<VirtualHost *:80>', '</VirtualHost>', 'ServerName', 'DocumentRoot', '"', "'", '\\\n', '${', '}', 'Define', '\n', '\r\n',
  '# ISOLATED_PHP_VERSION=', 'proxy_pass http://', ';', '[', ']', '=', ': ', '- ', '  ', '|', '&a', '*a', '{', 'name', 'a:',
  'approot: /', '[{"name":', 'null', '\u0000', '\uFEFF', 'ä', '💥', '\ud800', '__proto__', 'constructor', '        ',
); // prettier-ignore
const broken = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.array(words, { maxLength: 60 }).map((parts) => parts.join('')),
  fc.json(),
);

it.each([
  ['Apache', (text: string) => mergeHosts(parseApacheConfig(text).hosts)],
  ['INI', parseIni],
  ['YAML by keys', (text: string) => readYamlKeys(text, ['name', 'a', '__proto__'])],
  ['Valet', parseValetConfig],
  ['nginx', parseValetNginx],
  ['FlyEnv', (text: string) => parseFlyEnvHosts(text, 'x')],
  ['DDEV', (text: string) => parseDdevConfig([text, text], { folder: '/x', name: null, source: 'x' })],
  ['DDEV list', (text: string) => approotsOf(text, null, () => undefined)],
  ['DDEV global', (text: string) => approotsOf(text, 'project_info', () => undefined)],
] as const)('%s: no text makes it throw', (_, parse) => {
  fc.assert(
    fc.property(broken, (text) => {
      parse(text);
      expect(({} as Record<string, unknown>)['approot']).toBeUndefined();
    }),
    { numRuns: 1000 },
  );
});

it('YAML throws its own error alone', () => {
  fc.assert(
    fc.property(broken, (text) => {
      try {
        parseYaml(text);
      } catch (error) {
        expect(error).toBeInstanceOf(YamlError);
      }
    }),
    { numRuns: 1000 },
  );
});

it.each([
  ['Apache', (text: string) => parseApacheConfig(text)],
  ['YAML', (text: string) => readYamlKeys(text, ['a'])],
  ['INI', (text: string) => parseIni(text)],
  ['nginx', (text: string) => parseValetNginx(text)],
])('%s: a megabyte of nearly nothing is no work', (_, parse) => {
  for (const piece of [
    'a ',
    '"',
    "'",
    '\\\n',
    ' ',
    '[',
    '- ',
    'a: ',
    '${',
    '# ISOLATED_PHP_VERSION',
    'proxy_pass http://',
  ])
    parse(piece.repeat(Math.floor(1_000_000 / piece.length)));
});
