/** The tray's menu as a pure function of what the daemon says; tested without Electron. */
import type { ErrorBody } from '../../contract/errors.ts';
import type { ServiceState } from '../../contract/services.ts';
import type { SiteStatus } from '../../contract/site-status.ts';
import type { MenuEntry, ShellAction } from './menu-entries.ts';
import { overallState, statusOfShell, type ShellState } from './shell-state.ts';
import { reasonText, type Texts } from './texts.ts';

/** A shape before the name, because a menu has no colours. */
const MARKS: Readonly<Record<ServiceState['state'], string>> = {
  running: '●',
  starting: '◐',
  stopping: '◑',
  stopped: '○',
  error: '✕',
};
/** Menus grow as wide as their longest label. */
const MAX_LABEL_CHARACTERS = 70;
/** More services than these are in a menu of their own, except those that failed: a tray's menu has the height of the screen at most. */
const MAX_SERVICES = 12;
/** More projects than these are on their page. */
const MAX_SITES = 25;

export function overallText(state: ShellState, texts: Texts): string {
  const { failed, offline, paused, ready, wanted } = statusOfShell(state);
  const overall = overallState(state);
  if (overall !== 'ready' && overall !== 'failed') return texts.overall[overall];
  return [
    overall === 'ready' ? texts.overall.ready(ready, wanted) : '',
    failed.length > 0 ? texts.overall.failed(failed.length) : '',
    offline.length > 0 ? texts.overall.offlineSites(offline.length) : '',
    paused.length > 0 ? texts.overall.pausedSites(paused.length) : '',
  ]
    .filter(Boolean)
    .join(' · ');
}

/** A site that cannot be opened says so instead of leading to an error page. */
function siteEntry({ site, state }: SiteStatus, texts: Texts): MenuEntry {
  const name = shorten(site.name);
  const open = { type: 'open-site', url: site.url } as const;
  if (state === 'ready' || state === 'starting') return act(texts.openSite(name), open);
  if (state === 'unknown') return act(texts.openSite(name), open, false);
  return act(state === 'stopped' ? texts.siteStopped(name) : texts.siteFailed(name), open, false);
}

export function trayMenu(state: ShellState, texts: Texts): MenuEntry[] {
  const { connected, services, sites, errors } = state;
  const separator: MenuEntry = { type: 'separator' };
  const isUp = services.some(({ desired }) => desired === 'up');
  const mayStart = services.length === 0 || services.some((service) => service.state !== 'running');
  return [
    { type: 'label', label: overallText(state, texts) },
    ...(connected ? [] : [act(texts.startDaemon, { type: 'start-daemon' })]),
    separator,
    call(texts.startAll, 'stack.up', {}, connected && mayStart),
    call(texts.stopAll, 'stack.down', {}, connected && isUp),
    ...serviceMenus(services, connected, texts),
    separator,
    ...(sites.length === 0
      ? []
      : [
          {
            type: 'submenu',
            label: texts.projects,
            entries: [
              ...statusOfShell(state)
                .sites.slice(0, MAX_SITES)
                .map((status) => siteEntry(status, texts)),
              ...(sites.length <= MAX_SITES
                ? []
                : [separator, act(texts.allProjects(sites.length), { type: 'open-page', path: '/projects' })]),
            ],
          } as const,
        ]),
    ...(errors.length === 0
      ? []
      : [
          {
            type: 'submenu',
            label: texts.recentErrors,
            entries: errors.map(({ service, name, message }) =>
              act(
                shorten(`${name}: ${message}`),
                service === null ? { type: 'open-window' } : { type: 'open-page', path: `/logs?service=${service}` },
              ),
            ),
          } as const,
        ]),
    ...(sites.length + errors.length === 0 ? [] : [separator]),
    act(texts.openWindow, { type: 'open-window' }),
    act(texts.quit, { type: 'quit' }),
    act(texts.quitAndStop, { type: 'quit-and-stop' }, connected),
  ];
}

function serviceMenus(services: readonly ServiceState[], connected: boolean, texts: Texts): MenuEntry[] {
  const menus = (some: readonly ServiceState[]): MenuEntry[] =>
    some.map((service) => serviceMenu(service, connected, texts));
  if (services.length <= MAX_SERVICES) return menus(services);
  const failed = services.filter(({ state }) => state === 'error').slice(0, MAX_SERVICES);
  return [...menus(failed), { type: 'submenu', label: texts.services(services.length), entries: menus(services) }];
}

function serviceMenu(service: ServiceState, connected: boolean, texts: Texts): MenuEntry {
  const { id, state, desired } = service;
  const version = service.version === null ? '' : ` ${service.version}`;
  return {
    type: 'submenu',
    label: shorten(`${MARKS[state]} ${service.name}${version}`),
    entries: [
      ...(service.error === null ? [] : [failureLabel(service.error, texts)]),
      call(texts.start, 'services.start', { id }, connected && (desired === 'down' || state === 'error')),
      call(texts.stop, 'services.stop', { id }, connected && desired === 'up'),
      call(texts.restart, 'services.restart', { id }, connected && state === 'running'),
      act(texts.showLog, { type: 'open-page', path: `/logs?service=${id}` }, connected),
    ],
  };
}

/** When it failed, and why in a few words. */
const failureLabel = (error: ErrorBody, texts: Texts): MenuEntry => ({
  type: 'label',
  label: shorten(`${new Date(error.ts).toLocaleString()}: ${reasonText(error, texts)}`),
});

const act = (label: string, action: ShellAction, enabled = true): MenuEntry => ({
  type: 'action',
  label,
  enabled,
  action,
});

const call = (
  label: string,
  method: Extract<ShellAction, { type: 'call' }>['method'],
  params: Readonly<Record<string, string>>,
  enabled: boolean,
): MenuEntry => act(label, { type: 'call', method, params }, enabled);

/** One line of whole characters; what turns the direction of text around, or is not seen, is taken out. */
const shorten = (text: string): string => {
  const line = [
    ...text
      .replaceAll(/[\s\p{Cc}]+/gu, ' ')
      .replaceAll(/[\u061C\u200B\u200E\u200F\u202A-\u202E\u2060\u2066-\u2069\uFEFF]/g, '')
      .trim(),
  ];
  return line.length > MAX_LABEL_CHARACTERS ? `${line.slice(0, MAX_LABEL_CHARACTERS - 1).join('')}…` : line.join('');
};
