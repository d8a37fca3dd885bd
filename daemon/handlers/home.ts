/** Where the data is, and moving it. */
import type { Handlers } from '../../contract/index.ts';
import type { HomeFeature } from '../home/open-home.ts';

export const createHomeHandlers = (home: HomeFeature): Pick<Handlers, Extract<keyof Handlers, `home.${string}`>> => ({
  'home.status': () => home.status(),
  'home.plan': async (target) => home.plan(target),
  'home.move': async (target) => home.move(target),
});
