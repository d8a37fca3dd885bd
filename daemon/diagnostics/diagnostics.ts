/** `diagnostics.create`: what goes into a bundle, and that nothing secret does. */
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { homedir, hostname } from 'node:os';
import { ownAccount } from '../system/own-account.ts';
import { basename, join, relative } from 'node:path';
import type { DaemonInfo } from '../../contract/daemon.ts';
import type { DiagnosticsBundle } from '../../contract/diagnostics.ts';
import type { DoctorCheck } from '../../contract/doctor.ts';
import { compareText } from '../../core/compare-text.ts';
import { createRedactor, type Redact } from '../../core/diagnostics/redact.ts';
import { isSecretName } from '../../core/diagnostics/secret-names.ts';
import { redactDocument, secretValuesOf } from '../../core/diagnostics/settings.ts';
import type { Kojibox } from '../../core/kojibox-types.ts';
import type { System } from '../../core/system/system.ts';
import { PROJECT_LOG_KINDS } from '../log-sources.ts';
import { liveLogs } from '../system/log-archives.ts';
import { lastBytesWithArchives } from '../system/log-tail.ts';
import { writeBundle, type BundleEntry } from './bundle.ts';
import { redactLog } from './redact-log.ts';
import { systemFacts } from './system-facts.ts';

const LOG_BYTES = 2 * 1024 * 1024;
/** Larger ones are not settings. */
const MAX_SETTINGS_BYTES = 1024 * 1024;
const KEPT_BUNDLES = 3;

export interface DiagnosticsOptions {
  readonly system: System;
  readonly kojibox: Kojibox;
  /** Of the API. */
  readonly token: string;
  info(): DaemonInfo;
  doctor(): Promise<DoctorCheck[]>;
  portsInUse(): Promise<readonly number[]>;
}

/** Callers at the same time get the same bundle. The function rejects with DISK_FULL. */
export function createDiagnostics(options: DiagnosticsOptions): () => Promise<DiagnosticsBundle> {
  let running: Promise<DiagnosticsBundle> | null = null;
  return () => (running ??= create(options).finally(() => (running = null)));
}

async function create(options: DiagnosticsOptions): Promise<DiagnosticsBundle> {
  const { layout } = options.kojibox;
  const createdAt = new Date(options.system.clock.now()).toISOString();
  const path = join(layout.cache, `diag-${createdAt.replaceAll(/[:.]/g, '-')}.zip`);
  const settings = await settingsFiles(options.kojibox);
  const redact = await redactorFor(options, settings);
  const entries = [
    ...stateEntries(options, redact),
    ...settingsEntries(settings, redact),
    ...(await logEntries(options, redact)),
  ];
  await writeBundle(path, entries);
  await removeOldBundles(layout.cache);
  return { path, createdAt, includes: entries.map(({ name }) => name) };
}

/** Every secret that this daemon can know of, and who and where its user is. */
async function redactorFor({ kojibox, token }: DiagnosticsOptions, settings: readonly Settings[]): Promise<Redact> {
  const variables = Object.entries(process.env).flatMap(([name, value]) =>
    value !== undefined && value.length >= 6 && isSecretName(name) ? [value] : [],
  );
  const { USER, LOGNAME, SUDO_USER, HOME } = process.env;
  return createRedactor({
    secrets: [
      token,
      ...(await kojibox.secrets.all()),
      ...settings.flatMap(({ document }) => (document === undefined ? [] : secretValuesOf(document))),
      ...variables,
    ],
    homes: [homedir(), ownAccount().homedir, HOME ?? ''],
    userNames: [ownAccount().username, USER ?? '', LOGNAME ?? '', SUDO_USER ?? ''],
    hostNames: [hostname()],
  });
}

function stateEntries(options: DiagnosticsOptions, redact: Redact): BundleEntry[] {
  const { kojibox, system } = options;
  const facts: Readonly<Record<string, () => unknown>> = {
    'system.json': () => systemFacts(system, options.info()),
    'services.json': () => kojibox.supervisor.states(),
    'changes.json': () => kojibox.changes.list(),
    'sites.json': () => ({ sites: kojibox.sites(), notices: kojibox.notices }),
    'ports.json': async () => ({ ...kojibox.ports.registry(), inUse: await options.portsInUse() }),
    'doctor.json': () => options.doctor(),
    'runtimes.json': () => kojibox.runtimes.list(new Map()).filter(({ installed }) => installed !== null),
    'manifest.json': () => kojibox.runtimes.manifest(),
  };
  return Object.entries(facts).map(([name, get]) => ({
    name,
    read: async () => toText(redactDocument(JSON.parse(JSON.stringify(await get())), redact)),
  }));
}

const toText = (document: unknown): string => `${JSON.stringify(document, null, 2)}\n`;

interface Settings {
  readonly name: string;
  readonly text: string;
  /** Undefined when it is not JSON. */
  readonly document: unknown;
}

/** Kojibox's own, and what it wrote for the services. Sealed secrets, keys and the token stay where they are. */
async function settingsFiles({ layout }: Kojibox): Promise<Settings[]> {
  const own = [
    layout.appConfig,
    layout.servicesConfig,
    layout.projectsConfig,
    layout.domainsConfig,
    layout.proxyConfig,
    layout.portsConfig,
    layout.ledger,
    layout.lock,
  ];
  const written = (await readdir(layout.runtimeConfig, { recursive: true }))
    .filter((name) => /\.(?:json|conf|cnf|ini|hba|ya?ml)$/.test(name))
    .sort();
  const files = [
    ...own.map((path) => ({ path, name: `config/${basename(path)}` })),
    ...written.map((name) => ({ path: join(layout.runtimeConfig, name), name: `config/services/${name}` })),
  ];
  const found = await Promise.all(
    files.map(async ({ path, name }) => {
      const size = (await stat(path).catch(() => null))?.size ?? Infinity;
      return size > MAX_SETTINGS_BYTES ? [] : [{ name, ...parse(await readFile(path, 'utf8')) }];
    }),
  );
  return found.flat();
}

function parse(text: string): Omit<Settings, 'name'> {
  try {
    return { text, document: JSON.parse(text) as unknown };
  } catch {
    return { text, document: undefined };
  }
}

const settingsEntries = (settings: readonly Settings[], redact: Redact): BundleEntry[] =>
  settings.map(({ name, text, document }) => ({
    name: redact(name),
    read: async () => (document === undefined ? redact(text) : toText(redactDocument(document, redact))),
  }));

/** The daemon's own logs, those of all services that have one, running or not, and what the edge wrote for the projects. */
async function logEntries({ kojibox: { layout } }: DiagnosticsOptions, redact: Redact): Promise<BundleEntry[]> {
  const logsOf = async (folder: string, name: RegExp): Promise<string[]> =>
    (await readdir(folder)).filter((file) => name.test(file)).map((file) => join(folder, file));
  const daemon = await logsOf(layout.appLogs, /\.log(?:\.1)?$/);
  const services = liveLogs(layout.serviceLogs);
  const projects = PROJECT_LOG_KINDS.flatMap((kind) => liveLogs(join(layout.serviceLogs, kind)));
  const entries = [
    ...daemon.map((file) => ({ file, name: join('daemon', basename(file)) })),
    ...[...services, ...projects].map((file) => ({ file, name: join('services', relative(layout.serviceLogs, file)) })),
  ].sort((a, b) => compareText(a.name, b.name));
  return entries.map(({ file, name }) => ({
    name: redact(join('logs', name)),
    read: async () => redactLog(await lastBytesWithArchives(file, LOG_BYTES), redact),
  }));
}

/** Half-written ones of a daemon that was killed go too. */
async function removeOldBundles(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.startsWith('diag-')).sort();
  const whole = names.filter((name) => name.endsWith('.zip'));
  const kept = new Set(whole.slice(-KEPT_BUNDLES));
  for (const name of names) if (!kept.has(name)) await rm(join(folder, name), { force: true });
}
