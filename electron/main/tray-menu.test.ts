import { describe, expect, it } from 'vitest';
import type { ServiceState } from '../../contract/services.ts';
import { toTemplate, type MenuEntry, type ShellAction } from './menu-entries.ts';
import { service, stateOf } from './testing/samples.ts';
import { textsIn } from './texts.ts';
import { overallText, trayMenu } from './tray-menu.ts';

const texts = textsIn('en');
const labels = (entries: readonly MenuEntry[]): string[] =>
  entries.flatMap((entry) => ('label' in entry ? [entry.label] : []));
const enabled = (entries: readonly MenuEntry[], label: string): boolean | undefined =>
  entries.flatMap((entry) => (entry.type === 'action' && entry.label === label ? [entry.enabled] : []))[0];
const submenu = (entries: readonly MenuEntry[], id: string): readonly MenuEntry[] =>
  entries.flatMap((entry) => (entry.type === 'submenu' && entry.label.includes(id) ? [entry.entries] : []))[0] ?? [];

describe('the tray', () => {
  it('lists all services with a shape for their state, sites, and both ways to quit', () => {
    const menu = trayMenu(
      stateOf([service('edge', 'running'), service('php', 'running'), service('redis', 'stopped')]),
      texts,
    );
    expect(labels(menu)).toEqual([
      '2 of 2 services run',
      'Start all',
      'Stop all',
      '● edge 1',
      '● php 1',
      '○ redis 1',
      'Projects',
      'Open Kojibox',
      'Quit (services keep running)',
      'Quit and stop all',
    ]);
    expect(labels(submenu(menu, 'Projects'))).toEqual(['Open Hello']);
  });

  it('gives each state of a service a shape of its own', () => {
    const states = ['running', 'starting', 'stopping', 'stopped', 'error'] as const;
    const menu = trayMenu(stateOf(states.map((state) => service(`s-${state}`, state))), texts);
    const shapes = labels(menu).flatMap((label) => (label.includes(' s-') ? [label[0]] : []));
    expect(new Set(shapes).size).toBe(states.length);
  });

  it('offers only what makes sense', () => {
    const menu = trayMenu(stateOf([service('postgres', 'running'), service('redis', 'stopped')]), texts);
    expect(enabled(submenu(menu, 'postgres'), 'Start')).toBe(false);
    expect(enabled(submenu(menu, 'postgres'), 'Stop')).toBe(true);
    expect(enabled(submenu(menu, 'redis'), 'Start')).toBe(true);
    expect(enabled(submenu(menu, 'redis'), 'Restart')).toBe(false);
    expect(enabled(submenu(trayMenu(stateOf([service('php', 'error')]), texts), 'php'), 'Start')).toBe(true);
    expect(enabled(trayMenu(stateOf([service('a', 'running')]), texts), 'Start all')).toBe(false);
  });

  it('says when a service has failed, and why', () => {
    const ts = '2026-01-02T03:04:05.000Z';
    const error = { message: 'it ended by itself', detail: '', retryable: true, source: 'services', ts } as const;
    const php = { ...service('php', 'error'), error: { ...error, code: 'SERVICE_EXITED' } } as const;
    expect(labels(submenu(trayMenu(stateOf([php]), texts), 'php'))[0]).toBe(
      `${new Date(ts).toLocaleString()}: it ended by itself`,
    );
  });

  it('can only start Kojibox again, open the window and quit while the daemon is away', () => {
    const menu = trayMenu(stateOf([service('postgres', 'running')], false), texts);
    expect(enabled(menu, 'Start Kojibox again')).toBe(true);
    expect(enabled(menu, 'Stop all')).toBe(false);
    expect(enabled(submenu(menu, 'postgres'), 'Stop')).toBe(false);
    expect(enabled(menu, 'Quit and stop all')).toBe(false);
    expect(enabled(menu, 'Open Kojibox')).toBe(true);
    expect(enabled(menu, 'Quit (services keep running)')).toBe(true);
  });

  it('leads from an error to its log', () => {
    const errors = [
      { service: 'php', name: 'PHP', message: `exit 1\n${'x'.repeat(200)}` },
      { service: null, name: 'Install', message: 'no network' },
    ];
    const entries = submenu(trayMenu({ ...stateOf([]), errors }, texts), 'Recent errors');
    expect(entries).toMatchObject([
      { action: { type: 'open-page', path: '/logs?service=php' } },
      { label: 'Install: no network', action: { type: 'open-window' } },
    ]);
    expect(labels(entries)[0]).toMatch(/^PHP: exit 1 x{50,}…$/);
  });

  it('fits the screen with any number of services and projects, and still shows at once what failed', () => {
    const services = [
      ...Array.from({ length: 200 }, (_, index) => service(`s${index}`, 'running')),
      service('broken', 'error'),
    ];
    const sites = Array.from({ length: 300 }, (_, index) => ({
      projectId: `p${index}`,
      name: `P${index}`,
      domain: `p${index}.test`,
      url: `https://p${index}.test`,
    }));
    const menu = trayMenu({ ...stateOf(services), sites }, texts);
    expect(menu.length).toBeLessThan(20);
    expect(labels(menu)).toContain('✕ broken 1');
    expect(submenu(menu, 'All 201 services')).toHaveLength(201);
    const projects = submenu(menu, 'Projects');
    expect(projects.length).toBeLessThan(30);
    expect(projects.at(-1)).toMatchObject({ label: 'All 300 projects …', action: { path: '/projects' } });
  });

  it('shows odd names as one line of whole characters in the order of the menu', () => {
    const name = `\u202Eevil\u2066\n\u0007${'😀'.repeat(100)}`;
    const [label = ''] = labels(trayMenu(stateOf([service('x', 'running', { name })]), texts)).filter((text) =>
      text.includes('evil'),
    );
    expect(label).toMatch(/^● evil (😀)+…$/u);
    expect([...label]).toHaveLength(70);
    expect(labels(trayMenu(stateOf([service('ar', 'running', { name: 'متجر' })]), texts))).toContain('● متجر 1');
  });

  it('counts what failed, and what that costs', () => {
    const [edge, php] = [service('edge', 'running'), service('php', 'running')];
    expect(overallText(stateOf([edge, php, service('a', 'error')]), texts)).toBe('1 service failed');
    expect(overallText(stateOf([service('edge', 'error'), service('php', 'error')]), textsIn('de'))).toBe(
      '2 Dienste sind ausgefallen · 1 Website wird nicht ausgeliefert',
    );
  });

  it('leads to no site that cannot be opened, and says why', () => {
    const [edge, php] = [service('edge', 'running'), service('php', 'running')];
    const projects = (services: ServiceState[]): readonly MenuEntry[] =>
      submenu(trayMenu(stateOf(services), texts), 'Projects');
    expect(projects([edge, php])).toMatchObject([{ label: 'Open Hello', enabled: true }]);
    expect(projects([service('edge', 'stopped'), php])).toMatchObject([{ label: 'Hello: stopped', enabled: false }]);
    expect(projects([edge, service('php', 'error')])).toMatchObject([{ label: 'Hello: not served', enabled: false }]);
    expect(overallText(stateOf([edge, service('php', 'stopped')]), texts)).toBe('1 site is not served');
  });
});

describe('native menus', () => {
  it('act when chosen, and show an ampersand as one', () => {
    const chosen: ShellAction[] = [];
    const [item, nested] = toTemplate(
      [
        { type: 'action', label: 'Open R&D', enabled: true, action: { type: 'open-window' }, accelerator: 'F1' },
        { type: 'submenu', label: 'More', entries: [{ type: 'role', role: 'copy' }, { type: 'separator' }] },
      ],
      (action) => chosen.push(action),
    );
    expect(item).toMatchObject({ label: 'Open R&&D', enabled: true, accelerator: 'F1' });
    (item as { click(): void }).click();
    expect(chosen).toEqual([{ type: 'open-window' }]);
    expect(nested).toMatchObject({ submenu: [{ role: 'copy' }, { type: 'separator' }] });
  });
});
