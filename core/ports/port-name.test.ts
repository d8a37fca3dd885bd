import { expect, it } from 'vitest';
import { portName } from './port-name.ts';

it('says what people call it, and the id where nobody has named it', () => {
  const services = [{ id: 'postgres', name: 'PostgreSQL' }];
  expect(
    ['mail.smtp', 'edge.https', 'postgres.db', 'redis.redis', 'share.shop'].map((key) => portName(key, services)),
  ).toEqual(['Mail', 'HTTPS', 'PostgreSQL', 'redis', 'Sharing shop']);
});
