/** Joins the parts of shims: what they need to know of this installation. */
import type { Kojibox } from '../../core/kojibox-types.ts';
import { valuesOf } from '../../core/projects/environment.ts';
import type { System } from '../../core/system/system.ts';
import { createShellSetup, type ShellSetup } from './shell-setup.ts';
import { createShimWriter, type ShimWriter } from './shim-writer.ts';

/** @param cli the built command line, `dist/cli/main.mjs` */
export function openShims(system: System, kojibox: Kojibox, cli: string): { writer: ShimWriter; setup: ShellSetup } {
  const { layout, projects, environments } = kojibox;
  const writer = createShimWriter({
    files: system.files,
    log: system.log,
    readers: system.host.isRoot ? system.host.serviceUser.gid : null,
    plan: async () => ({
      folder: layout.shims,
      home: layout.home,
      koji: [process.execPath, '--no-warnings', cli],
      // The desktop app's own binary is a Node only when it is told so.
      kojiEnvironment: process.versions['electron'] === undefined ? {} : { ELECTRON_RUN_AS_NODE: '1' },
      projects: await Promise.all(
        projects.list().map(async (project) => ({ project, realPath: await system.files.realPath(project.path) })),
      ),
      environment: async (project) => {
        const { variables, testNames } = await environments.readForCode(project);
        return { variables: valuesOf(variables), testNames };
      },
      resolve: (name, project, environment) => environments.programIn(name, project, environment),
    }),
  });
  const setup = createShellSetup({
    files: system.files,
    ledger: kojibox.ledger,
    shims: layout.shims,
    id: kojibox.homeDigest,
  });
  return { writer, setup };
}
