import type { Client } from '../client/index.ts';
import { EDGE_SERVICE } from '../contract/site-status.ts';

/** Whether the edge runs, and with it every site that can be served. */
export const isServing = async (client: Client): Promise<boolean> =>
  (await client.call('stack.status', {})).services.some(({ id, state }) => id === EDGE_SERVICE && state === 'running');
