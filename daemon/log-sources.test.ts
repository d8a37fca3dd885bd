import { describe, expect, it } from 'vitest';
import { logIdsOf } from './log-sources.ts';

const known = {
  services: ['edge', 'php', 'app-blog', 'app-blog.queue', 'app-blogger', 'n1'],
  projects: ['blog', 'n1'],
};

describe('logs that are asked for', () => {
  it.each([
    [{}, known.services],
    [{ service: 'php' }, ['php']],
    [{ service: ['php', 'edge', 'php'] }, ['php', 'edge']],
    [{ project: 'blog' }, ['access/blog', 'errors/blog', 'app-blog', 'app-blog.queue']],
    [{ project: ['n1'] }, ['access/n1', 'errors/n1']],
    [{ service: 'n1', project: 'n1' }, ['n1', 'access/n1', 'errors/n1']],
  ])('%j', (asked, expected) => {
    expect(logIdsOf(asked, known)).toEqual(expected);
  });

  it.each([[{ service: 'blog' }], [{ project: 'php' }], [{ project: '../../etc' }], [{ service: 'errors/blog' }]])(
    '%j does not exist',
    (asked) => {
      expect(() => logIdsOf(asked, known)).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }));
    },
  );
});
