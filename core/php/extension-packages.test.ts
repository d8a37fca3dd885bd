import { describe, expect, it } from 'vitest';
import type { ServiceBinary } from '../../contract/manifest.ts';
import { addableTo, withExtensions } from './extension-packages.ts';

const php = (series: string): ServiceBinary =>
  ({
    name: 'php',
    version: series,
    series,
    source: { type: 'debian', suite: 'x', packages: [`php${series}-fpm`], executables: [] },
  }) as unknown as ServiceBinary;

describe('extensions that are added', () => {
  it('are packages of the series, each once and in order, so that the same choice has the same bytes', () => {
    const extended = withExtensions(php('8.2'), ['soap', 'imagick', 'soap']);
    expect(extended.source).toMatchObject({ packages: ['php8.2-fpm', 'php8.2-imagick', 'php8.2-soap'] });
    expect(extended.extensions).toEqual(['imagick', 'soap']);
    expect(withExtensions(extended, ['soap', 'imagick']).source).toEqual(extended.source);
  });

  it('go again, without what PHP has by itself', () => {
    const extended = withExtensions(php('8.2'), ['soap', 'imagick']);
    expect(withExtensions(extended, ['soap'])).toEqual(withExtensions(php('8.2'), ['soap']));
    expect(withExtensions(extended, [])).toEqual(php('8.2'));
  });

  it('are those that the series has, and nothing that is none', () => {
    expect(addableTo('8.2')).toEqual(
      expect.arrayContaining(['imap', 'soap', 'gmp', 'bz2', 'ldap', 'apcu', 'memcached']),
    );
    expect(addableTo('8.4')).not.toContain('imap');
    expect(withExtensions(php('8.4'), ['imap', '../x', 'cli'])).toEqual(php('8.4'));
    expect(withExtensions({ ...php('8.2'), name: 'node' }, ['soap'])).toMatchObject({ name: 'node' });
  });
});
