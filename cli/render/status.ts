/** The one table: service, state, version, port, how to connect; then the sites and the link of the UI. */
import type { ServiceState } from '../../contract/services.ts';
import type { StackStatus } from '../../contract/stack.ts';
import { paint, renderTable } from './style.ts';

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
    ...status.sites.map((site) => `  ${paint('bold', site.name.padEnd(14))} ${paint('cyan', site.url)}`),
    `  ${'Kojibox'.padEnd(14)} ${paint('cyan', status.uiUrl)}`,
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

function serviceError(service: ServiceState): string {
  return `  ${paint('red', service.id)}: ${service.error?.message ?? ''} ${paint('dim', service.error?.detail ?? '')}\n    ${paint('cyan', '→')} ${service.error?.remedy ?? ''}`;
}
