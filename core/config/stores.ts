/** The settings on disk, each in a file of its own; all opened at once. */
import { z } from 'zod';
import {
  AppConfigSchema,
  PortRegistrySchema,
  ProjectConfigSchema,
  ServiceConfigSchema,
  type AppConfig,
  type PortRegistry,
  type ProjectConfig,
  type ServiceConfig,
} from '../../contract/config.ts';
import { DomainMappingSchema, type DomainMapping } from '../../contract/domains.ts';
import { OwnServiceSchema, type OwnService } from '../../contract/own-services.ts';
import { PhpChoiceSchema } from '../../contract/php.ts';
import { RuntimeChoicesSchema } from '../../contract/runtimes.ts';
import { ProxyRuleSchema, type ProxyRule } from '../../contract/proxy.ts';
import type { Share } from '../../contract/sharing.ts';
import { LedgerSchema } from '../ledger/ledger.ts';
import type { Layout } from '../layout.ts';
import { LeftoversSchema, type Leftover } from '../projects/leftovers.ts';
import { SharesSchema } from '../proxy/sharing.ts';
import { LockSchema } from '../runtimes/lock.ts';
import { SealedSecretsSchema } from '../secrets/secrets.ts';
import { FailedServicesSchema, type FailedServices } from '../services/failure-records.ts';
import { HeldServicesSchema } from '../services/held-services.ts';
import type { System } from '../system/system.ts';
import { openJsonStore, type JsonStore } from './json-store.ts';

/** Never rejects for bad content: what is corrupt is set aside, and `notice` says so. */
export async function openStores(system: System, layout: Layout, notice: (text: string) => void) {
  const open = <T>(path: string, schema: z.ZodType<T>, fallback: T): Promise<JsonStore<T>> =>
    openJsonStore({
      files: system.files,
      path,
      schema,
      schemaVersion: 1,
      fallback,
      notice,
      now: () => system.clock.now(),
    });
  const defaultApp: AppConfig = AppConfigSchema.parse({
    installPath: layout.home,
    updateChannel: 'stable',
    telemetryOptIn: false,
  });
  return allOf({
    app: open(layout.appConfig, AppConfigSchema, defaultApp),
    services: open<ServiceConfig[]>(layout.servicesConfig, z.array(ServiceConfigSchema), []),
    projects: open<ProjectConfig[]>(layout.projectsConfig, z.array(ProjectConfigSchema), []),
    domains: open<DomainMapping[]>(layout.domainsConfig, z.array(DomainMappingSchema), []),
    rules: open<ProxyRule[]>(layout.proxyConfig, z.array(ProxyRuleSchema), []),
    ports: open<PortRegistry>(layout.portsConfig, PortRegistrySchema, { assigned: {}, ranges: {} }),
    secrets: open(layout.secrets, SealedSecretsSchema, {}),
    ledger: open(layout.ledger, LedgerSchema, []),
    lock: open(layout.lock, LockSchema, []),
    shares: open<Share[]>(layout.shares, SharesSchema, []),
    ownServices: open<OwnService[]>(layout.ownServicesConfig, z.array(OwnServiceSchema), []),
    heldServices: open<string[]>(layout.heldServicesConfig, HeldServicesSchema, []),
    failedServices: open<FailedServices>(layout.failedServices, FailedServicesSchema, {}),
    runtimes: open(layout.runtimeChoices, RuntimeChoicesSchema, { defaults: {}, pins: {} }),
    php: open(layout.phpConfig, z.record(z.string(), PhpChoiceSchema), {}),
    leftovers: open<Leftover[]>(layout.leftovers, LeftoversSchema, []),
  });
}

/** All values of an object, once each is there. */
async function allOf<T extends Readonly<Record<string, Promise<unknown>>>>(
  promises: T,
): Promise<{ [K in keyof T]: Awaited<T[K]> }> {
  const entries = Object.entries(promises).map(async ([name, value]) => [name, await value] as const);
  return Object.fromEntries(await Promise.all(entries)) as { [K in keyof T]: Awaited<T[K]> };
}
