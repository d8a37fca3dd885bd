/** Names that a user or a file chose, and that a plain object has by its prototype: they are names like others, wherever one is looked up. */
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { ServiceConfig } from '../contract/config.ts';
import { OwnServiceSchema } from '../contract/own-services.ts';
import { hidePrivate, HIDDEN, keepHidden, privateValues } from '../contract/private-values.ts';
import type { JsonStore } from './config/json-store.ts';
import { salvage } from './config/salvage.ts';
import { createServiceSettings } from './config/service-settings.ts';
import { planOwnProgram, type OwnProgramContext } from './recipes/own-program.ts';
import type { Ports } from './ports/ports.ts';
import type { Secrets } from './secrets/secrets.ts';
import type { Supervisor } from './services/supervisor.ts';
import { createCatalog, type CatalogEntry, type CatalogOptions } from './stack/catalog.ts';
import type { Network } from './system/network.ts';

const NAMES = [...Object.getOwnPropertyNames(Object.prototype)];
const ownService = (name: string, args: readonly string[], target = '') =>
  OwnServiceSchema.parse({
    id: 'search',
    name: 'Search',
    binary: '/bin/true',
    args,
    ports: name === '' ? [] : [{ name, port: 9200, protocol: 'tcp' }],
    healthCheck: { type: target === '' ? 'pid' : 'port', target },
  });
const noPorts = { id: 'search', enabled: true, ports: {}, env: {}, args: [] };

describe.each(NAMES)('the name %s', (name) => {
  it('is the name of a port of a service', async () => {
    const own = ownService(name, [`--port=\${port:${name}}`], name);
    const catalog = createCatalog({
      system: {
        host: { isRoot: false, environment: {}, homeDirectory: '/h', serviceUser: { uid: 1, gid: 1 } },
        files: filesWith('/bin/true'),
      },
      layout: { temp: '/t', serviceLogs: '/l' },
      ports: { registry: () => ({ assigned: { [`search.${name}`]: 9201 }, ranges: {} }) },
      secrets: { get: () => Promise.resolve(null) },
      serviceConfig: () => noPorts,
      environments: { projectOf: () => Promise.resolve(null) },
    } as unknown as CatalogOptions);
    const entry: CatalogEntry = { ...noPorts, name: 'Search', runtime: null, series: null, dependsOn: [], own };
    const { plan } = await catalog.describe(entry);
    expect(plan).toMatchObject({
      args: ['--port=9201'],
      connect: '127.0.0.1:9201',
      ports: [{ name, port: 9201 }],
      probe: { type: 'port', address: { port: 9201 } },
    });
    expect(plan.env['PORT']).toBe('9201');
  });

  it('leads to no port where a service has none of that name', () => {
    const plan = (definition: OwnProgramContext['definition']) => () =>
      planOwnProgram({
        definition,
        command: '/bin/true',
        path: '',
        ports: {},
        tempFolder: '/t',
        account: null,
        args: definition.args,
        env: {},
      });
    const refusal = expect.objectContaining({ code: 'VALIDATION_FAILED' }) as Error;
    expect(plan(ownService('', [`\${port:${name}}`]))).toThrow(refusal);
    expect(plan(ownService('', [], name))).toThrow(refusal);
  });

  it('is no port that was chosen before', async () => {
    let stored: ServiceConfig[] = [];
    const store: JsonStore<ServiceConfig[]> = {
      get: () => stored,
      update: (change) => Promise.resolve((stored = change(stored))),
    };
    const settings = createServiceSettings({
      store,
      ports: { registry: () => ({ assigned: { [`search.${name}`]: 9201 }, ranges: {} }) } as unknown as Ports,
      network: {} as Network,
      secrets: {} as Secrets,
      supervisor: () =>
        ({ state: () => ({ desired: 'down', state: 'stopped' }), states: () => [] }) as unknown as Supervisor,
      sharing: () => [],
      applySites: () => Promise.resolve(),
    });
    // As it was shown, so it is not chosen.
    await settings.set(settings.shown('search'));
    expect(stored).toEqual([noPorts]);
  });

  it('is set aside alone when its entry in a file has a wrong shape', () => {
    const schema = z.object({ assigned: z.record(z.string(), z.number()) });
    const document: unknown = JSON.parse(`{ "assigned": { "http": 80, "${name}": "x" } }`);
    expect(salvage(schema, document, { assigned: {} })?.value).toEqual({ assigned: { http: 80 } });
  });

  it('is hidden and kept like others', () => {
    const schema = z.looseObject({ env: privateValues(z.record(z.string(), z.string())) });
    const value = { env: {}, ...(JSON.parse(`{ "${name}": "seen" }`) as object) };
    expect(Object.entries(hidePrivate(schema, value) as object)).toEqual([
      ['env', {}],
      [name, 'seen'],
    ]);
    expect(keepHidden(JSON.parse(`{ "${name}": "${HIDDEN}" }`) as Record<string, string>, {})).toBeNull();
  });
});

const filesWith = (path: string) => ({
  realPath: (asked: string) => Promise.resolve(asked === path ? path : null),
  stat: () => Promise.resolve(null),
  readText: () => Promise.resolve('nobody:x:1:1::/:/bin/false\n'),
});
