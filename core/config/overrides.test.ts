import { expect, it } from 'vitest';
import { mergeEnvironment } from './overrides.ts';

it('a project overrides the service, the user overrides both, and what steers Kojibox stays out', () => {
  expect(
    mergeEnvironment({
      base: { A: 'base', B: 'base', C: 'base', D: 'base' },
      service: { B: 'service', C: 'service', D: 'service' },
      project: { C: 'project', D: 'project', PHP_VERSION: '8.4', 'not-a-name': 'x' },
      user: { D: 'user' },
    }),
  ).toEqual({ A: 'base', B: 'service', C: 'project', D: 'user' });
});
