import { describe, expect, it } from 'vitest';
import { resolveAll, resolveReferences } from './references.ts';

const values: Readonly<Record<string, string>> = {
  'service/db-password': 'of-the-service',
  'app/db-password': 'of-the-app',
  'app/dollar': '${secret:db-password}',
};
const secrets = {
  get: ({ key, scope }: { key: string; scope: string }) => Promise.resolve(values[`${scope}/${key}`] ?? null),
};

describe('secret references', () => {
  it('are filled in, the nearest scope first, and what they hold is not looked at again', async () => {
    expect(await resolveReferences('a ${secret:db-password} b ${secret:dollar} c', secrets)).toBe(
      'a of-the-service b ${secret:db-password} c',
    );
    expect(await resolveAll({ DSN: 'pg://u:${secret:db-password}@h', PLAIN: '$HOME ${x}' }, secrets)).toEqual({
      DSN: 'pg://u:of-the-service@h',
      PLAIN: '$HOME ${x}',
    });
  });

  it.each(['${secret:unknown}', '${secret:}', '${secret:../key}'])('say what is missing: %s', async (text) => {
    await expect(resolveReferences(text, secrets)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      remedy: expect.stringContaining('koji secrets set'),
    });
  });
});
