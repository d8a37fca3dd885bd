import { describe, expect, it } from 'vitest';
import { resolveAll, resolveReferences, type SecretUser } from './references.ts';
import type { SecretRef } from './secrets.ts';

const values: Readonly<Record<string, string>> = {
  'project/shop/key': 'of-the-shop',
  'project/key': 'of-every-project',
  'service/queue/key': 'of-the-queue',
  'app/key': 'of-the-app',
  'app/dollar': '${secret:key}',
  'project/shop/mine': 'only-of-the-shop',
  'service/queue/mine': 'only-of-the-queue',
  'service/internal': 'of-every-service',
  'service/mariadb-password': 'of-mariadb',
  'service/postgres-16-password': 'of-postgres-16',
};
const secrets = {
  get: ({ key, scope, owner }: SecretRef) =>
    Promise.resolve(values[[scope, owner, key].filter((part) => part !== undefined).join('/')] ?? null),
};
const shop: SecretUser = { kind: 'project', id: 'shop' };
const blog: SecretUser = { kind: 'project', id: 'blog' };
const queue: SecretUser = { kind: 'service', id: 'queue' };
const app: SecretUser = { kind: 'app' };

describe('secret references', () => {
  it('are filled in, the nearest first, and what they hold is not looked at again', async () => {
    expect(await resolveReferences('a ${secret:key} b ${secret:dollar} c', secrets, shop)).toBe(
      'a of-the-shop b ${secret:key} c',
    );
    expect(await resolveAll({ DSN: 'pg://u:${secret:key}@h', PLAIN: '$HOME ${x}' }, secrets, blog)).toEqual({
      DSN: 'pg://u:of-every-project@h',
      PLAIN: '$HOME ${x}',
    });
    expect(await resolveReferences('${secret:key}', secrets, queue)).toBe('of-the-queue');
    expect(await resolveReferences('${secret:key}', secrets, app)).toBe('of-the-app');
  });

  it('of databases are for every project and service, as their environment is', async () => {
    for (const user of [shop, queue, app]) {
      expect(await resolveReferences('${secret:mariadb-password}', secrets, user)).toBe('of-mariadb');
      expect(await resolveReferences('${secret:postgres-16-password}', secrets, user)).toBe('of-postgres-16');
    }
  });

  it.each([
    ['a project', blog, 'mine'],
    ['a service', { kind: 'service', id: 'other' } as const, 'mine'],
    ['the app', app, 'mine'],
    ['a project, and a secret of services', shop, 'internal'],
    ['a project that names another one', blog, 'shop/mine'],
  ])('are not those of another owner: %s', async (_, user, key) => {
    await expect(resolveReferences(`\${secret:${key}}`, secrets, user)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it.each(['${secret:unknown}', '${secret:}', '${secret:../key}'])('say what is missing: %s', async (text) => {
    await expect(resolveReferences(text, secrets, shop)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      remedy: expect.stringMatching(
        /^Set it with: koji secrets set unknown project --owner shop$|^Use a name of lower-case letters/,
      ),
    });
  });
});
