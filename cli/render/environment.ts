/** The environment of a project as a table. */
import type { ProjectEnvironmentView } from '../../contract/programs.ts';
import { paint, renderTable } from './style.ts';

const REASONS: Readonly<Record<ProjectEnvironmentView['database']['because'], string>> = {
  setting: 'the setting DATABASE says so',
  files: 'files of the project say so',
  order: 'no file names another',
  elsewhere: 'files of the project name a server that is not of this stack',
  'other-kind': 'files of the project name another kind of database',
  'not-in-stack': 'no such server is part of the stack',
};

export function renderEnvironment({ project, database, variables }: ProjectEnvironmentView): string {
  const used =
    database.server === null
      ? 'none of the stack'
      : `${database.server}${database.name === null ? '' : `, database ${database.name}`}`;
  const rows = variables.map(({ name, value, origin }) => [
    name,
    origin,
    value === null ? paint('dim', '(hidden; show it with --reveal)') : oneLine(value),
  ]);
  return [
    `${paint('dim', 'Project')}   ${project}`,
    `${paint('dim', 'Database')}  ${used} (${REASONS[database.because]})`,
    '',
    renderTable(['NAME', 'FROM', 'VALUE'], rows),
  ].join('\n');
}

const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ');
