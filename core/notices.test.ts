import { expect, it } from 'vitest';
import { createNotices } from './notices.ts';

it('says one thing about one topic, the last one, and keeps all in the log', () => {
  const log: string[] = [];
  const notices = createNotices((text) => log.push(text));
  notices.add('the backup was restored');
  notices.add('edge.https uses port 8445', 'port edge.https');
  notices.add('edge.http uses port 8082', 'port edge.http');
  notices.add('edge.https uses port 8446', 'port edge.https');
  expect(notices.list).toEqual(['the backup was restored', 'edge.http uses port 8082', 'edge.https uses port 8446']);
  expect(log).toHaveLength(4);
});
