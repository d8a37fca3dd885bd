/** A folder of sessions for each PHP site, so that a session of one is not valid on another. */
import { join } from 'node:path';
import { sayProblem } from '../../contract/sentences/problems.ts';
import type { FileOwner } from '../system/files.ts';
import type { System } from '../system/system.ts';
import type { PlannedSite } from './edge-sites.ts';
import { problemOf } from './record-problem.ts';

interface SessionOptions {
  readonly system: Pick<System, 'files' | 'log'>;
  /** Holds the folders of all sites. */
  readonly folder: string;
  /** Who runs the PHP at a socket; null: the daemon's own user. */
  userOf(socket: string): FileOwner | null;
}

/** Makes the folders, and says in the routes where they are. A folder that cannot be made is a problem of its own site only. */
export const withSessions = (sites: readonly PlannedSite[], options: SessionOptions): Promise<PlannedSite[]> =>
  Promise.all(sites.map((site) => addSessions(site, options)));

async function addSessions(site: PlannedSite, { system, folder, userOf }: SessionOptions): Promise<PlannedSite> {
  const domain = site.hosts[0] ?? site.name;
  try {
    const routes = site.routes.map(async ({ path, route }) => {
      if (route.type !== 'php') return { path, route };
      const owner = userOf(route.socket);
      // By user too: the folder of a project that changed hands still has sessions of the former owner.
      const sessions = join(folder, `${domain}${owner === null ? '' : `-u${owner.uid}`}`);
      await system.files.makeDirectory(sessions, { mode: 0o700, ...(owner === null ? {} : { owner }) });
      return { path, route: { ...route, sessions } };
    });
    return { ...site, routes: await Promise.all(routes) };
  } catch (error) {
    system.log.error('cannot keep the sessions of a site', { domain, error: String(error) });
    const { title, detail, cure } = problemOf(
      { scope: 'domain', id: domain },
      sayProblem('cannotServe', { domain }),
      error,
    );
    return { ...site, problem: site.problem ?? { title, detail, cure } };
  }
}
