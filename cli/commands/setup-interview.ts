/** The steps of the first run as questions in a terminal. Each answer is kept at once, so that a later `koji setup` continues from there. */
import { resolve } from 'node:path';
import type { Client } from '../../client/index.ts';
import { KojiboxError } from '../../contract/errors.ts';
import {
  CHOOSABLE_SERVICES,
  type FirstRunAnswers,
  type FirstRunStatus,
  type FirstRunStep,
} from '../../contract/first-run.ts';
import { print } from '../command.ts';
import { formatBytes, paint } from '../render/style.ts';
import { renderScan } from './setup-import.ts';
import { askDataFolder } from './setup-place.ts';
import { ask, askYes, choose } from './setup-questions.ts';

type Given = Partial<FirstRunAnswers>;
const PRESET_NAMES: Readonly<Record<string, string>> = {
  everything: 'Everything: PHP, PostgreSQL, MariaDB, Redis, Node',
  standard: 'PHP, PostgreSQL, MariaDB, Redis',
  'php-mariadb': 'PHP + MariaDB',
  'php-postgres-redis': 'PHP + PostgreSQL + Redis',
  'node-postgres': 'Node + PostgreSQL',
};
const heading = (text: string): void => print(`\n${paint('bold', text)}`);

/** @returns false when the person left without wanting anything done */
export async function askEverything(
  client: Client,
  status: FirstRunStatus,
  given: Given,
  asksDataFolder: boolean,
): Promise<boolean> {
  const keep = async (step: FirstRunStep, answers: Given): Promise<void> => {
    await client.call('firstRun.answer', { step, answers });
  };
  await keep('place', given);
  heading('Where things are kept');
  if (asksDataFolder) await askDataFolder(client, status);
  await askProjectsFolder(client, status, given);
  await keep('ports', await askStack(status, given));
  await askPorts(client);
  await keep('import', await askNames(status, given));
  await keep('install', { imports: await askImports(client, given) });

  const now = await client.call('firstRun.status', {});
  heading('Ready');
  print(
    `  ${now.missingBytes === 0 ? 'Nothing is left to fetch.' : `About ${formatBytes(now.missingBytes)} to fetch.`}`,
  );
  print('  Telemetry is off, and stays off.');
  if (await askYes('Begin?', true)) return true;
  print('Your answers are kept. Go on with: koji setup');
  return false;
}

async function askProjectsFolder(client: Client, { projects }: FirstRunStatus, given: Given): Promise<void> {
  if (given.projectsFolder !== undefined) return;
  await ask('New projects go to', projects.folder, async (text) => {
    try {
      const folder = resolve(text.replace(/^~(?=\/|$)/, process.env['HOME'] ?? '~'));
      await client.call('firstRun.answer', {
        step: 'stack',
        answers: folder === projects.folder ? {} : { projectsFolder: folder },
      });
      return null;
    } catch (error) {
      return error instanceof KojiboxError ? `${error.message}: ${error.detail}` : String(error);
    }
  });
}

async function askStack({ presets, downloads, answers }: FirstRunStatus, given: Given): Promise<Given> {
  heading('What you work with');
  const result: Given = {};
  if (given.services === undefined) {
    const cost = (services: readonly string[], node: boolean): string => {
      const bytes = [...services, ...(node ? ['node'] : [])].reduce((sum, name) => {
        const entry = downloads.find((one) => one.name === name);
        return sum + (entry === undefined || entry.installed ? 0 : entry.size);
      }, 0);
      return bytes === 0 ? 'is here already' : `${formatBytes(bytes)} to fetch`;
    };
    const options = presets.map(
      ({ id, services, node }) => `${PRESET_NAMES[id] ?? id} ${paint('dim', `(${cost(services, node)})`)}`,
    );
    const index = await choose('Which', [...options, 'Choose one by one'], 1);
    const preset = presets[index];
    result.services = [...(preset?.services ?? [])];
    result.node = preset?.node ?? false;
    if (preset === undefined) {
      for (const id of CHOOSABLE_SERVICES)
        if (await askYes(`  ${id} (${cost([id], false)})?`, answers.services.includes(id))) result.services.push(id);
      result.node = await askYes(`  node (${cost([], true)})?`, answers.node);
    }
  }
  const services = given.services ?? result.services ?? [];
  if (services.includes('php') && given.phpVersion === undefined)
    result.phpVersion = await askVersion('PHP', 'php', downloads);
  if ((given.node ?? result.node) === true && given.nodeVersion === undefined)
    result.nodeVersion = await askVersion('Node', 'node', downloads);
  return result;
}

async function askVersion(label: string, name: string, downloads: FirstRunStatus['downloads']): Promise<string | null> {
  const series = downloads.filter((one) => one.name === name).map((one) => one.series);
  if (series.length < 2) return null;
  return series[await choose(`Standard version of ${label}`, series, 0)] ?? null;
}

async function askPorts(client: Client): Promise<void> {
  heading('Ports');
  const ports: Record<string, number> = {};
  for (const { key, name, port, state, holder, proposed, choosable } of await client.call('firstRun.ports', {})) {
    if (state === 'free' || state === 'ours') {
      print(`  ${paint('green', '✓')} ${name} ${port}`);
      continue;
    }
    const why = state === 'forbidden' ? 'may not be used by this user' : `is held by ${holder ?? 'another program'}`;
    print(`  ${paint('yellow', '!')} ${name} ${port} ${why}`);
    if (!choosable) {
      print(`    ${proposed === null ? 'no other port is free' : `Kojibox uses ${proposed}`}`);
      continue;
    }
    await ask('    Use instead', String(proposed ?? ''), async (text) => {
      if (Number(text) === proposed) return null;
      try {
        await client.call('firstRun.answer', { answers: { ports: { ...ports, [key]: Number(text) } } });
        ports[key] = Number(text);
        return null;
      } catch (error) {
        return error instanceof KojiboxError ? `${error.message}: ${error.detail}` : String(error);
      }
    });
  }
}

async function askNames({ hostsWritable, resolverOffered }: FirstRunStatus, given: Given): Promise<Given> {
  heading('Names and certificates');
  const result: Given = {};
  print(
    '  A line in the hosts file sends a name like shop.test to this machine; the block is marked and can be taken out.',
  );
  print('  Without it every site is at a name under .localhost, which needs nothing.');
  if (given.hosts === undefined)
    result.hosts = await askYes(
      hostsWritable ? 'Write the hosts file?' : 'Write the hosts file (needs more rights)?',
      hostsWritable,
    );
  if (resolverOffered && given.resolver === undefined) {
    print(
      "  Names below a site (blog.shop.test) need more: the system's resolver can ask Kojibox for every name under .test,",
    );
    print('  and for no other. That is one unit of systemd, or one file on macOS, and can be taken back at any time.');
    result.resolver = await askYes("Have the system's resolver ask Kojibox (needs your password)?", false);
  }
  print(
    '  Sites have certificates of an authority that is made here, for local names alone, and whose key stays here.',
  );
  print('  Browsers warn until they trust it; trusting it can be undone at any time.');
  if (given.trust === undefined) result.trust = await askYes('Trust it on this machine?', false);
  return result;
}

async function askImports(client: Client, given: Given): Promise<FirstRunAnswers['imports']> {
  if (given.imports !== undefined) return given.imports;
  heading('What is here already');
  for (const { name, version, path, port, advice } of await client.call('firstRun.programs', {}))
    print(`  ${name} ${version ?? ''} ${paint('dim', path ?? (port === null ? '' : `port ${port}`))} ${advice}`);
  const scan = await client.call('imports.scan', {});
  const ready = scan.sites.filter(({ problem }) => problem === null);
  if (scan.sites.length > 0) print(renderScan(scan));
  if (ready.length === 0 || !(await askYes(`Take over ${ready.length} sites? Nothing is moved or changed.`, true)))
    return [];
  const tools = [...new Set(ready.map(({ tool }) => tool))];
  return tools.map((tool) => ({ tool, keys: ready.filter((one) => one.tool === tool).map(({ key }) => key) }));
}
