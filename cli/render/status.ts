/** The one table: service, state, version, port, how to connect; then the sites and the link of the UI. */
import type { ServiceState } from '../../contract/services.ts';
import type { RecordProblem } from '../../contract/problems.ts';
import { statusOf, type SiteLink, type SiteState, type SiteStatus } from '../../contract/site-status.ts';
import type { StackStatus } from '../../contract/stack.ts';
import { paint, renderTable } from './style.ts';
import { inOneLine } from './terminal-text.ts';

const STATE_MARKS = {
  running: ['green', '●'],
  starting: ['yellow', '◐'],
  stopping: ['yellow', '◑'],
  stopped: ['dim', '○'],
  error: ['red', '✗'],
} as const;

const SITE_MARKS = {
  ready: ['green', '●'],
  starting: ['yellow', '◐'],
  stopped: ['yellow', '○'],
  failed: ['red', '✗'],
  unknown: ['dim', '?'],
} as const satisfies Record<SiteState, readonly [string, string]>;

export function renderStatus(status: StackStatus): string {
  const parts = [
    renderTable(['SERVICE', 'STATE', 'VERSION', 'PORT', 'CONNECT'], status.services.map(serviceRow)),
    ...status.services.filter((service) => service.error !== null).map(serviceError),
    '',
    ...statusOf(status, Date.now()).sites.map(siteLine),
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

function siteLine({ site, state, cause }: SiteStatus): string {
  const [colour, mark] = SITE_MARKS[state];
  const why = cause === null ? '' : ` ${paint(colour, `${mark} ${causeOf(cause)}`)}`;
  return `  ${paint('bold', inOneLine(site.name).padEnd(14))} ${paint('cyan', site.url)}${why}`;
}

/** Why the site is not ready, e.g. "not served: Edge is stopped". */
export function causeOf({ name, state, service }: SiteLink): string {
  if (name === 'project') return 'not served: see its problem below';
  if (name === 'certificate') return 'not served: its certificate has ended';
  const what = inOneLine(service?.name ?? (name === 'edge' ? 'the edge' : 'its program'));
  if (state === 'starting') return `${what} is starting`;
  if (state === 'stopped')
    return name === 'program' && service !== null
      ? `stopped: koji start ${service.id}`
      : `not served: ${what} is stopped`;
  return `not served: ${what} has failed`;
}

/** A site, a domain or a rule that cannot be applied: what, why, and the cure. */
function problemLines({ scope, id, title, detail, cure }: RecordProblem): string[] {
  return [
    `  ${paint('red', '✗')} ${title} ${paint('dim', `(${scope} ${id})`)}: ${detail}`,
    ...(cure === '' ? [] : [`    ${paint('cyan', '→')} ${cure}`]),
  ];
}

function serviceError({ id, error }: ServiceState): string {
  const failedAt = error === null ? '' : ` (${new Date(error.ts).toLocaleString()})`;
  const why = error === null || error.detail === '' ? '' : `: ${paint('dim', error.detail)}`;
  return `  ${paint('red', id)}${failedAt}: ${error?.message ?? ''}${why}\n    ${paint('cyan', '→')} ${error?.remedy ?? ''}`;
}
