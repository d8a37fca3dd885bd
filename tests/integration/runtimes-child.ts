/** Installs runtimes in a process of its own, so that a test can kill it: argv is HOME, a file with a manifest or "-", then NAME@SERIES… */
import { readFileSync } from 'node:fs';
import type { ServiceBinary } from '../../contract/manifest.ts';
import { createRuntimesWorld, manifestOf, never } from './runtimes-world.ts';

const [home = '', entriesFile = '-', ...wanted] = process.argv.slice(2);
const entries = entriesFile === '-' ? null : (JSON.parse(readFileSync(entriesFile, 'utf8')) as ServiceBinary[]);
const { runtimes } = await createRuntimesWorld(home, entries === null ? {} : { manifest: manifestOf(...entries) });
await Promise.all(
  wanted.map(async (item) => {
    const [name = '', series] = item.split('@');
    const progress = { step: (step: string) => process.stdout.write(`step ${step}\n`), bytes: () => undefined };
    const installed = await runtimes.ensure(name, series, progress, never());
    process.stdout.write(`done ${name} ${installed.version} ${runtimes.treePath(installed)}\n`);
  }),
);
