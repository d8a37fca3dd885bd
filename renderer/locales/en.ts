/** Every text of the interface. */
import type { HealthStatus, ServiceStatus } from '../../contract/services.ts';

export const en = {
  title: 'Kojibox',
  startAll: 'Start all',
  stopAll: 'Stop all',
  start: 'Start',
  stop: 'Stop',
  restart: 'Restart',
  logs: 'Logs',
  open: 'Open',
  copy: 'Copy',
  copied: 'Copied',
  cancel: 'Cancel',
  close: 'Close',
  tryAgain: 'Try again',
  dismiss: 'Dismiss',
  follow: 'Follow',
  filter: 'Filter lines',
  noLines: 'This service has not written anything yet.',
  noMatches: 'No line has this text.',
  theme: { system: 'Theme: like the system', light: 'Theme: light', dark: 'Theme: dark' },
  sites: 'Your sites',
  services: 'Services',
  noServices:
    'Nothing is set up yet. “Start all” fetches PHP, PostgreSQL, MariaDB and Redis, checks every byte, and serves your first site.',
  offline: 'The daemon does not answer. What you see is how it was; this page reconnects by itself.',
  connecting: 'Connecting to Kojibox …',
  noToken: 'This link has no key. Run “koji open” to get a working one.',
  ready: (ready: number, all: number): string =>
    all === 0
      ? 'Nothing runs'
      : ready === all
        ? `All ${all} services are ready`
        : `${ready} of ${all} services are ready`,
  states: {
    stopped: 'Stopped',
    starting: 'Starting',
    running: 'Running',
    stopping: 'Stopping',
    error: 'Failed',
  } satisfies Record<ServiceStatus, string>,
  health: { unknown: '', starting: '', healthy: '', unhealthy: 'does not answer' } satisfies Record<
    HealthStatus,
    string
  >,
  evidence: (text: string, latency: string, ago: string): string => `${text} in ${latency}, ${ago}`,
  restarts: (count: number): string => (count === 1 ? 'restarted once' : `restarted ${count} times`),
  now: 'just now',
  secondsAgo: (count: number): string => `${count} s ago`,
  minutesAgo: (count: number): string => `${count} min ago`,
  hoursAgo: (count: number): string => `${count} h ago`,
  left: (text: string): string => `about ${text} left`,
  port: 'Port',
  version: 'Version',
  memory: 'Memory',
  cpu: 'CPU',
  pid: 'PID',
  connect: 'Connect',
} as const;
