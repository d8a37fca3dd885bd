/** The pages. Each but the first is fetched when it is opened. */
import {
  Activity,
  Boxes,
  Database,
  FolderGit2,
  Gauge,
  Globe,
  ScrollText,
  Settings,
  Stethoscope,
  Mail,
} from '@lucide/vue';
import type { Component } from 'vue';
import { createRouter, createWebHashHistory, type Router } from 'vue-router';
import type { Messages } from '../locales/en.ts';
import DashboardPage from './DashboardPage.vue';

export interface PageEntry {
  readonly name: keyof Messages['pages'];
  readonly path: string;
  readonly icon: Component;
  readonly component: Component | (() => Promise<Component>);
}

export const PAGES: readonly PageEntry[] = [
  { name: 'dashboard', path: '/', icon: Gauge, component: DashboardPage },
  {
    name: 'projects',
    path: '/projects',
    icon: FolderGit2,
    component: () => import('../features/projects/ProjectsPage.vue'),
  },
  {
    name: 'databases',
    path: '/databases',
    icon: Database,
    component: () => import('../features/databases/DatabasesPage.vue'),
  },
  { name: 'mail', path: '/mail', icon: Mail, component: () => import('../features/mail/MailPage.vue') },
  {
    name: 'runtimes',
    path: '/runtimes',
    icon: Boxes,
    component: () => import('../features/runtimes/RuntimesPage.vue'),
  },
  { name: 'logs', path: '/logs', icon: ScrollText, component: () => import('../features/logs/LogsPage.vue') },
  { name: 'domains', path: '/domains', icon: Globe, component: () => import('../features/domains/DomainsPage.vue') },
  {
    name: 'activity',
    path: '/activity',
    icon: Activity,
    component: () => import('../features/activity/ActivityPage.vue'),
  },
  {
    name: 'diagnostics',
    path: '/diagnostics',
    icon: Stethoscope,
    component: () => import('../features/diagnostics/DiagnosticsPage.vue'),
  },
  {
    name: 'settings',
    path: '/settings',
    icon: Settings,
    component: () => import('./SettingsView.vue'),
  },
];

/** In the fragment, so that every page works from a folder, from the daemon and in the desktop app alike. */
export const createPages = (): Router =>
  createRouter({
    history: createWebHashHistory(),
    routes: [
      ...PAGES.map(({ name, path, component }) => ({ name, path, component: component as Component })),
      { name: 'setup', path: '/setup', component: () => import('./SetupPage.vue') },
      { path: '/:rest(.*)*', redirect: '/' },
    ],
  });
