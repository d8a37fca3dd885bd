/** The real runtimes over the real machine, in a home of their own. */
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { LockSchema, type Lock } from '../../core/runtimes/lock.ts';
import { openManifest, signManifest } from '../../core/runtimes/manifest.ts';
import { writePhpIni } from '../../core/runtimes/php-ini.ts';
import { bringTimeZones } from '../../core/runtimes/time-zones.ts';
import { createRuntimes, type Runtimes } from '../../core/runtimes/runtimes.ts';
import type { InstallProgress } from '../../core/runtimes/source.ts';
import { openJsonStore } from '../../core/config/json-store.ts';
import { layoutOf, type Layout } from '../../core/layout.ts';
import type { System } from '../../core/system/system.ts';
import type { RuntimeManifest, ServiceBinary } from '../../contract/manifest.ts';
import { replaceFolderInPrograms } from '../../daemon/archives/elf-texts.ts';
import { linkCheck } from '../../daemon/archives/link-check.ts';
import { createArchiveProgram } from '../../daemon/sources/debian/archive-program.ts';
import { createDebianSource, type DebianSourceOptions } from '../../daemon/sources/debian.ts';
import { createHttpsSource } from '../../daemon/sources/https.ts';
import { createNpmSource } from '../../daemon/sources/npm.ts';
import { createSystemSource } from '../../daemon/sources/system.ts';
import { createNodeSystem } from '../../daemon/system/node-system.ts';

export interface RuntimesWorld {
  readonly system: System;
  readonly layout: Layout;
  readonly runtimes: Runtimes;
}

/** One for all worlds: it takes a while to start. */
export const archiveProgram = createArchiveProgram(
  fileURLToPath(new URL('../../daemon/sources/debian/main.ts', import.meta.url)),
);
const runtimeFolder = new URL('../../runtime/', import.meta.url);

export const releaseManifest = (): RuntimeManifest =>
  openManifest(readFileSync(new URL('manifest.json', runtimeFolder), 'utf8'), [
    readFileSync(new URL('keys/release-2026.pub.pem', runtimeFolder), 'utf8'),
  ]);

/** A manifest with other entries, signed by a key of the test and opened again, as the product does it. */
export function manifestOf(...services: ServiceBinary[]): RuntimeManifest {
  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = (key: ReturnType<typeof createPublicKey>): string =>
    key.export({ type: 'spki', format: 'pem' }).toString();
  const unsigned = {
    version: '1',
    services,
    bundle: { createdAt: '2026-01-01T00:00:00Z', source: 'test', signature: '' },
  };
  const signed = signManifest(unsigned, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  return openManifest(JSON.stringify(signed), [pem(createPublicKey(privateKey))]);
}

export const silent: InstallProgress = { step: () => undefined, bytes: () => undefined };
export const never = (): AbortSignal => new AbortController().signal;

export interface WorldOptions {
  readonly manifest?: RuntimeManifest;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** PEM authorities of the test's own servers. */
  readonly authorities?: readonly string[];
  readonly debian?: Partial<DebianSourceOptions>;
  /** Replaces parts of the machine. */
  readonly change?: (system: System) => System;
}

export async function createRuntimesWorld(home: string, options: WorldOptions = {}): Promise<RuntimesWorld> {
  const environment = options.environment ?? process.env;
  const layout = layoutOf(home);
  const system = (options.change ?? ((same) => same))(createNodeSystem({ home, environment }));
  for (const folder of [layout.temp, layout.bin]) mkdirSync(folder, { recursive: true });
  const lock = await openJsonStore<Lock>({
    files: system.files,
    path: layout.lock,
    schema: LockSchema,
    schemaVersion: 1,
    fallback: [],
    notice: (text) => {
      throw new Error(text);
    },
    now: () => system.clock.now(),
  });
  const manifest = options.manifest ?? releaseManifest();
  const runtimes = createRuntimes({
    system,
    layout,
    manifest: () => manifest,
    lock,
    linkCheck,
    sources: [
      createNpmSource({ processes: system.processes, downloads: layout.downloads, environment }),
      createDebianSource({
        program: archiveProgram,
        archives: fileURLToPath(new URL('archives', runtimeFolder)),
        indexes: layout.archiveIndexes,
        downloads: layout.downloads,
        // The copy of the release that is still being made may be old where the tests run.
        allowsExpired: () => true,
        ...options.debian,
      }),
      createHttpsSource({ downloads: layout.downloads, connection: { authorities: options.authorities ?? [] } }),
      createSystemSource({ processes: system.processes, environment }),
    ],
    finish: new Map([
      [
        'php',
        async (staging, target, binary) => {
          await bringTimeZones(system, replaceFolderInPrograms, { staging, target, binary });
          await writePhpIni(system.files, staging, target, binary.series ?? binary.version, {
            caBundle: layout.caBundle,
            sendmail: layout.sendmail,
          });
        },
      ],
    ]),
  });
  return { system, layout, runtimes };
}
