/** `koji xdebug on|off [PROJECT]`: one switch of one project. */
import { sep } from 'node:path';
import type { ProjectConfig } from '../../contract/config.ts';
import { usage } from '../arguments.ts';
import { print, printJson, type Command } from '../command.ts';
import { ensureDaemon } from '../daemon-process.ts';

const SWITCHES = ['on', 'off'] as const;

/** The project that the folder is in, the nearest one first. */
const projectIn = (projects: readonly ProjectConfig[], folder: string): ProjectConfig | undefined =>
  projects
    .filter(({ path }) => folder === path || folder.startsWith(path + sep))
    .sort((a, b) => b.path.length - a.path.length)[0];

export const xdebug: Command = {
  words: ['xdebug'],
  usage: 'on|off [PROJECT]',
  group: 'projects',
  summary: 'Switch Xdebug of a project on or off; without a name it is the project of this folder.',
  examples: ['xdebug on', 'xdebug off shop'],
  positional: [SWITCHES, 'projects'],
  access: 'operate',
  async run({ argv, json }) {
    const [wanted, name, ...more] = argv;
    const isOn = wanted === 'on';
    if ((!isOn && wanted !== 'off') || more.length > 0 || name?.startsWith('-') === true)
      throw usage('it takes "on" or "off", and the name of a project');
    const client = await ensureDaemon();
    try {
      const id = name ?? projectIn(await client.call('config.listProjects', {}), process.cwd())?.id;
      if (id === undefined)
        throw usage(
          'this folder belongs to no project',
          'Name the project: koji xdebug on PROJECT; koji project list shows all.',
        );
      await client.call('projects.update', isOn ? { id, overrides: { XDEBUG: 'on' } } : { id, unset: ['XDEBUG'] });
      const project = await client.call('config.getProject', { id });
      if (json) printJson(project);
      else print(`Xdebug is ${isOn ? 'on' : 'off'} for ${project.name}.`);
      return 0;
    } finally {
      client.close();
    }
  },
};
