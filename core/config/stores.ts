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
  const [
    app,
    services,
    projects,
    domains,
    rules,
    ports,
    secrets,
    ledger,
    lock,
    shares,
    ownServices,
    heldServices,
    runtimes,
    php,
    leftovers,
  ] = await Promise.all([
    open(layout.appConfig, AppConfigSchema, defaultApp),
    open<ServiceConfig[]>(layout.servicesConfig, z.array(ServiceConfigSchema), []),
    open<ProjectConfig[]>(layout.projectsConfig, z.array(ProjectConfigSchema), []),
    open<DomainMapping[]>(layout.domainsConfig, z.array(DomainMappingSchema), []),
    open<ProxyRule[]>(layout.proxyConfig, z.array(ProxyRuleSchema), []),
    open<PortRegistry>(layout.portsConfig, PortRegistrySchema, { assigned: {}, ranges: {} }),
    open(layout.secrets, SealedSecretsSchema, {}),
    open(layout.ledger, LedgerSchema, []),
    open(layout.lock, LockSchema, []),
    open<Share[]>(layout.shares, SharesSchema, []),
    open<OwnService[]>(layout.ownServicesConfig, z.array(OwnServiceSchema), []),
    open<string[]>(layout.heldServicesConfig, HeldServicesSchema, []),
    open(layout.runtimeChoices, RuntimeChoicesSchema, { defaults: {}, pins: {} }),
    open(layout.phpConfig, z.record(z.string(), PhpChoiceSchema), {}),
    open<Leftover[]>(layout.leftovers, LeftoversSchema, []),
  ]);
  return {
    app,
    services,
    projects,
    domains,
    rules,
    ports,
    secrets,
    ledger,
    lock,
    shares,
    ownServices,
    heldServices,
    runtimes,
    php,
    leftovers,
  };
}
