/** A stack of the edge alone: sites of files, no runtime to install. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createStackWorld, type StackWorld } from './stack-world.ts';

const OFF = ['php', 'mariadb', 'postgres', 'redis'];

/** Of `app/config`: settings as they are stored. */
export function writeStore(home: string, file: string, value: unknown): void {
  mkdirSync(join(home, 'app/config'), { recursive: true });
  writeFileSync(join(home, 'app/config', file), JSON.stringify({ schemaVersion: 1, value }), { mode: 0o600 });
}

/** With the project `good`, at good.test. */
export function createEdgeOnlyWorld(): StackWorld {
  const world = createStackWorld();
  const folder = makeSite(world, 'good');
  writeStore(
    world.home,
    'services.json',
    OFF.map((id) => ({ id, enabled: false, ports: {}, env: {}, args: [] })),
  );
  writeStore(world.home, 'projects.json', [
    { id: 'good', name: 'Good', path: folder, domain: 'good.test', stack: 'static', overrides: {} },
  ]);
  return world;
}

/** @returns the folder of a page that says who it is */
export function makeSite(world: StackWorld, id: string): string {
  const folder = join(world.root, 'sites', id);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'index.html'), `I am ${id}`);
  return folder;
}
