import { describe, expect, it } from 'vitest';
import type { EdgeConfig } from '../contract/edge.ts';
import { createRoutingTable } from './sites.ts';

const table = createRoutingTable({
  generation: 1,
  httpsPort: 8443,
  sites: [
    { name: 'Shop', hosts: ['shop.test', 'shop.localhost'], routes: [] },
    { name: 'Local', hosts: ['local.localhost'], routes: [] },
  ],
} as unknown as EdgeConfig);

describe('the list of sites on an error page', () => {
  it.each(['nothing.localhost', 'localhost', '127.0.0.1', '[::1]'])(
    'has names that every browser resolves for who came by %s',
    (host) =>
      expect(table.sitesFor(host)).toEqual([
        { name: 'Shop', host: 'shop.localhost', url: 'https://shop.localhost:8443/' },
        { name: 'Local', host: 'local.localhost', url: 'https://local.localhost:8443/' },
      ]),
  );
  it('has the usual names where such names resolve', () =>
    expect(table.sitesFor('nothing.test')?.map(({ url }) => url)).toEqual([
      'https://shop.test:8443/',
      'https://local.localhost:8443/',
    ]));
  it.each([
    'evil.example',
    'nothing.lan',
    'shop.test.evil.example',
    '1.2.3.4',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
  ])('is not shown under %s, which others may own', (host) => expect(table.sitesFor(host)).toBeUndefined());
});
