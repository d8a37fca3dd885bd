/** The one table: service, state, version, port, how to connect; then the sites and the link of the UI. */
import type { ServiceState } from '../../contract/services.ts';
import type { RecordProblem } from '../../contract/problems.ts';
import type { Site, StackStatus } from '../../contract/stack.ts';
import { paint, renderTable } from './style.ts';
import { inOneLine } from './terminal-text.ts';

const STATE_MARKS = {
  running: ['green', '●'],
  starting: ['yellow', '◐'],
  stopping: ['yellow', '◑'],
  stopped: ['dim', '○'],
  error: ['red', '✗'],
} as const;

export function renderStatus(status: StackStatus): string {
  const parts = [
    renderTable(['SERVICE', 'STATE', 'VERSION', 'PORT', 'CONNECT'], status.services.map(serviceRow)),
    ...status.services.filter((service) => service.error !== null).map(serviceError),
    '',
    ...status.sites.map(siteLine),
    `  ${'Kojibox'.padEnd(14)} ${paint('cyan', status.uiUrl)}`,
    ...(status.problems ?? []).flatMap(problemLines),
    ...status.notices.map((notice) => `  ${paint('yellow', '!')} ${notice}`),
  ];
  return parts.join('\n');
}

function serviceRow(service: ServiceState): string[] {
  const [colour, mark] = STATE_MARKS[service.state];
  const detail =
    service.state === 'running'
      ? service.health === 'unhealthy'
        ? 'unhealthy'
        : 'running'
      : (service.reason ?? service.state);
  return [
    paint('bold', service.id),
    `${paint(colour, mark)} ${detail}`,
    service.version ?? '',
    service.ports.map(({ port }) => String(port)).join(', ') || '–',
    service.connect ?? '',
  ];
}

function siteLine({ name: ownName, url, problem }: Site): string {
  const name = inOneLine(ownName);
  const mark = problem === undefined ? '' : ` ${paint('red', '✗ not served')}`;
  return `  ${paint('bold', name.padEnd(14))} ${paint('cyan', url)}${mark}`;
}

/** A site, a domain or a rule that cannot be applied: what, why, and the cure. */
function problemLines({ scope, id, title, detail, cure }: RecordProblem): string[] {
  return [
    `  ${paint('red', '✗')} ${title} ${paint('dim', `(${scope} ${id})`)}: ${detail}`,
    ...(cure === '' ? [] : [`    ${paint('cyan', '→')} ${cure}`]),
  ];
}

function serviceError(service: ServiceState): string {
  return `  ${paint('red', service.id)}: ${service.error?.message ?? ''} ${paint('dim', service.error?.detail ?? '')}\n    ${paint('cyan', '→')} ${service.error?.remedy ?? ''}`;
}
