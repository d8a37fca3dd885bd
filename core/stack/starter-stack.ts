/** What the stack begins with: a starter project in a home that has none. */
import type { FileOwner } from '../system/files.ts';
import type { System } from '../system/system.ts';
import type { Layout } from '../layout.ts';
import type { Projects } from '../projects/projects.ts';
import { createStarterProject } from '../projects/starter.ts';
import { assertPassable } from '../services/prepare.ts';

/** Rejects when another user could exchange the data folder. Makes the starter once: a home whose last project was removed has none. */
export async function ensureStarter(options: {
  readonly system: System;
  readonly layout: Pick<Layout, 'data' | 'projects' | 'projectsConfig'>;
  readonly projects: Pick<Projects, 'list' | 'set'>;
  readonly templates: string;
  /** Whether a service is a part of the stack. */
  wants(service: string): boolean;
  ownerOfNew(folder: string): Promise<FileOwner | null>;
}): Promise<void> {
  const { system, layout, projects } = options;
  await assertPassable(system, layout.data);
  if (projects.list().length > 0 || (await system.files.stat(layout.projectsConfig)) !== null) return;
  const owner = await options.ownerOfNew(layout.projects);
  await projects.set(await createStarterProject(system.files, { ...options, folder: layout.projects, owner }));
}
