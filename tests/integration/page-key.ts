/** The key that a page of a level gets with its link. */
import { proveSession, takeSession } from '../../client/page-session.ts';
import type { AccessLevel } from '../../contract/define.ts';
import type { StackWorld } from './stack-world.ts';

export async function keyOfLevel(world: StackWorld, level: AccessLevel): Promise<string> {
  const { url } = await world.call<{ url: string }>('daemon.link', { allow: level });
  const ticket = new URLSearchParams(new URL(url).hash.slice(1)).get('ticket') ?? '';
  const daemon = world.daemonFile().url;
  return proveSession(daemon, await takeSession(daemon, ticket));
}
