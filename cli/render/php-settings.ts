/** Settings of a PHP: directives as a table with what was changed marked, extensions as lists. */
import type { PhpSettings } from '../../contract/php.ts';
import { paint, renderTable } from './style.ts';

export function renderPhpSettings({ version, services, directives, others, extensions }: PhpSettings): string {
  const rows = [
    ...directives.map(({ name, value, standard }) => [
      name,
      value === standard ? value : paint('yellow', value),
      value === standard ? '' : paint('dim', `standard: ${standard}`),
    ]),
    ...others.map(({ name, value }) => [name, paint('yellow', value), '']),
  ];
  const named = (state: PhpSettings['extensions'][number]['state']): string =>
    extensions
      .filter((extension) => extension.state === state)
      .map(({ name }) => name)
      .join(', ') || '–';
  return [
    `PHP ${version}${services.length === 0 ? '' : paint('dim', ` · runs ${services.join(', ')}`)}`,
    renderTable(['DIRECTIVE', 'VALUE', ''], rows),
    `${paint('dim', 'on'.padEnd(9))} ${named('on')}`,
    `${paint('dim', 'off'.padEnd(9))} ${named('off')}`,
    `${paint('dim', 'built in'.padEnd(9))} ${named('built-in')}`,
    `${paint('dim', 'to add'.padEnd(9))} ${named('available')}`,
  ].join('\n');
}
