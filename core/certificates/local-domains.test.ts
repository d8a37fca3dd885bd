import { describe, expect, it } from 'vitest';
import { parseRequest } from '../privileged/request.ts';
import { FOREIGN_DOMAINS, isLocalName } from './local-domains.ts';

const hosts = (name: string): unknown =>
  parseRequest(
    JSON.stringify({ version: 1, actions: [{ verb: 'hosts.apply-block', home: '0123abcd', names: [name] }] }),
  );

describe('a name from outside', () => {
  it.each(FOREIGN_DOMAINS.flatMap((name) => [name, `metadata.${name}`, `a.b.${name}`]))('is not local: %s', (name) => {
    expect(isLocalName(name)).toBe(false);
    expect(hosts(name)).toHaveProperty('refused');
  });
  it.each(['shop.internal', 'google.test', 'notgoogle.internal', 'google.internal.test', 'nas.local', 'x.home.arpa'])(
    'is not %s, which is local',
    (name) => {
      expect(isLocalName(name)).toBe(true);
      expect(hosts(name)).not.toHaveProperty('refused');
    },
  );
});
