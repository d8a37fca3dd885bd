/** Who runs a service, and whose the folders are that are made for it. */
import type { ServicePlan } from '../recipes/recipe.ts';
import type { FileOwner } from '../system/files.ts';
import type { HostFacts } from '../system/system.ts';

/** Null: the daemon's own user, because the daemon is not root. */
export const userOf = (host: HostFacts, plan: Pick<ServicePlan, 'user'>): FileOwner | null =>
  host.isRoot ? (plan.user ?? host.serviceUser) : null;

/** Who starts it; null: the daemon's own user. */
export const launchUserOf = (host: HostFacts, plan: Pick<ServicePlan, 'user' | 'asServiceUser'>): FileOwner | null =>
  plan.asServiceUser ? userOf(host, plan) : null;

/** Sockets of one user, in a folder of its own where the daemon is root. */
export const socketFolderOf = (host: HostFacts, runFolder: string, user: FileOwner | undefined): string =>
  host.isRoot ? `${runFolder}/u${(user ?? host.serviceUser).uid}` : runFolder;
