/** The tray's menu as a pure function of what the daemon says; tested without Electron. */
import type { ServiceState } from '../../contract/services.ts';
import type { Site } from '../../contract/stack.ts';

export type TrayAction =
  | {
      readonly type: 'call';
      readonly method: 'stack.up' | 'stack.down' | 'services.start' | 'services.stop' | 'services.restart';
      readonly params: Readonly<Record<string, string>>;
    }
  | { readonly type: 'open-site'; readonly url: string }
  | { readonly type: 'open-window' }
  | { readonly type: 'quit' }
  | { readonly type: 'quit-and-stop' };

export type MenuEntry =
  | { readonly type: 'separator' }
  | { readonly type: 'label'; readonly label: string }
  | { readonly type: 'action'; readonly label: string; readonly enabled: boolean; readonly action: TrayAction }
  | { readonly type: 'submenu'; readonly label: string; readonly entries: readonly MenuEntry[] };

export interface TrayState {
  readonly connected: boolean;
  readonly services: readonly ServiceState[];
  readonly sites: readonly Site[];
}

export type OverallState = 'ready' | 'busy' | 'failed' | 'stopped' | 'offline';

/** A shape before the name, because a menu has no colours. */
const MARKS: Readonly<Record<ServiceState['state'], string>> = {
  running: '●',
  starting: '◐',
  stopping: '◑',
  stopped: '○',
  error: '✕',
};

export function overallState({ connected, services }: TrayState): OverallState {
  if (!connected) return 'offline';
  if (services.some(({ state, health }) => state === 'error' || health === 'unhealthy')) return 'failed';
  if (services.some(({ state }) => state === 'starting' || state === 'stopping')) return 'busy';
  return services.some(({ state }) => state === 'running') ? 'ready' : 'stopped';
}

export function overallText(state: TrayState): string {
  const running = state.services.filter((service) => service.state === 'running').length;
  const texts: Readonly<Record<OverallState, string>> = {
    offline: 'Kojibox does not answer',
    failed: 'A service failed',
    busy: 'Working …',
    stopped: 'Nothing runs',
    ready: `${running} of ${state.services.length} services run`,
  };
  return texts[overallState(state)];
}

export function trayMenu(state: TrayState): MenuEntry[] {
  const { connected, services, sites } = state;
  const separator: MenuEntry = { type: 'separator' };
  const act = (label: string, action: TrayAction, enabled = true): MenuEntry => ({
    type: 'action',
    label,
    enabled,
    action,
  });
  const call = (
    label: string,
    method: Extract<TrayAction, { type: 'call' }>['method'],
    params: Record<string, string>,
    enabled: boolean,
  ): MenuEntry => act(label, { type: 'call', method, params }, connected && enabled);
  const isUp = services.some(({ desired }) => desired === 'up');
  return [
    { type: 'label', label: overallText(state) },
    separator,
    ...sites.map((site) => act(`Open ${site.name}`, { type: 'open-site', url: site.url }, connected)),
    ...(sites.length > 0 ? [separator] : []),
    call('Start all', 'stack.up', {}, services.some(({ state: each }) => each !== 'running') || services.length === 0),
    call('Stop all', 'stack.down', {}, isUp),
    ...services.map((service): MenuEntry => ({
      type: 'submenu',
      label: `${MARKS[service.state]} ${service.name}${service.version === null ? '' : ` ${service.version}`}`,
      entries: [
        ...(service.error === null ? [] : [{ type: 'label', label: service.error.message } as const]),
        call('Start', 'services.start', { id: service.id }, service.desired === 'down' || service.state === 'error'),
        call('Stop', 'services.stop', { id: service.id }, service.desired === 'up'),
        call('Restart', 'services.restart', { id: service.id }, service.state === 'running'),
      ],
    })),
    separator,
    act('Open Kojibox', { type: 'open-window' }),
    act('Quit (services go on)', { type: 'quit' }),
    act('Quit and stop all', { type: 'quit-and-stop' }, connected),
  ];
}
