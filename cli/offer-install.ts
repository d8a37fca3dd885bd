/** What projects lack is offered where it shows: a question in a terminal, and elsewhere a line with the command that brings it. */
import { z } from 'zod';
import type { Client } from '../client/index.ts';
import { KojiboxError } from '../contract/errors.ts';
import type { IncompleteProject } from '../contract/projects.ts';
import { reachWithRights } from './ask-for-rights.ts';
import { followChange } from './follow-change.ts';
import { askYes, isInteractive } from './commands/setup-questions.ts';
import { formatBytes, paint } from './render/style.ts';
import { writeError } from './render/terminal-text.ts';

export interface Offer {
  /** Which projects; left out: all. */
  readonly of?: (project: IncompleteProject) => boolean;
  /** Also what the project may do without. */
  readonly all?: boolean;
  /** False: says nothing where it cannot ask. */
  readonly hints?: boolean;
  /** Asks nothing and draws nothing. */
  readonly quiet: boolean;
}

/** @returns ids of the projects whose packages were installed; rejects when an install fails */
export async function offerInstall(
  client: Client,
  { of = () => true, all = false, hints = true, quiet }: Offer,
): Promise<string[]> {
  if (quiet) return [];
  const found = await client.call('projects.missing', {});
  const installed: string[] = [];
  for (const incomplete of found.filter((candidate) => of(candidate) && (candidate.needed || all))) {
    if (!mayAskToInstall()) {
      if (hints)
        writeError(`${paint('yellow', '!')} ${textOf(incomplete)} Run: koji project install ${incomplete.project}\n`);
      continue;
    }
    if (!(await askYes(`${textOf(incomplete)} Run ${incomplete.commands.join(', then ')}?`, true))) continue;
    await followChange(client, await client.call('projects.install', { id: incomplete.project }), false);
    installed.push(incomplete.project);
  }
  return installed;
}

/** Arguments of programs are all their own, so it is switched off in the environment. */
export const mayAskToInstall = (): boolean =>
  isInteractive() && process.stderr.isTTY === true && (process.env['KOJIBOX_NO_INSTALL'] ?? '') === '';

const textOf = ({ name, missing }: IncompleteProject): string =>
  `${name}: ${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing.`;

/** What a command does around its operation. */
export const OFFERS: Readonly<
  Record<
    string,
    (
      client: Client,
      params: Readonly<Record<string, unknown>>,
      work: () => Promise<unknown>,
      quiet: boolean,
    ) => Promise<unknown>
  >
> = {
  async 'services.start'(client, { id }, work, quiet) {
    await offerInstall(client, { of: ({ project }) => id === `app-${project}`, quiet });
    return work();
  },
  async 'php.addExtensions'(client, params, work, quiet) {
    const wanted = z.object({ series: z.string(), names: z.array(z.string()) }).parse(params);
    const { downloadBytes } = await client.call('php.previewExtensions', wanted);
    const size = downloadBytes === null ? null : formatBytes(downloadBytes);
    if (!quiet && size !== null) {
      const question = `Adding ${wanted.names.join(', ')} to PHP ${wanted.series} fetches ${size}.`;
      if (!mayAskToInstall()) writeError(`${question}\n`);
      else if (downloadBytes !== 0 && !(await askYes(`${question} Continue?`, true))) return null;
    }
    const result = await work();
    return quiet ? { ...(result as object), downloadBytes } : result;
  },
  async 'php.removeExtensions'(_client, params, work, quiet) {
    const { series, names } = z.object({ series: z.string(), names: z.array(z.string()) }).parse(params);
    const result = await work();
    if (!quiet) writeError(`Undo this with: koji ini add ${series} ${names.join(' ')}\n`);
    return result;
  },
  async 'certs.renew'(client, _params, work) {
    const result = await work();
    await reachWithRights(client, { goal: 'trust' });
    return result;
  },
  async 'projects.create'(client, { name }, work, quiet) {
    const offer = (hints: boolean): Promise<string[]> =>
      offerInstall(client, { of: (project) => project.name === name, all: true, hints, quiet });
    let result: unknown;
    try {
      result = await work();
    } catch (error) {
      // It is there, and its program cannot start without its packages.
      if (
        !(error instanceof KojiboxError) ||
        error.code !== 'START_FAILED' ||
        (await offer(!error.remedy.includes('koji project install'))).length === 0
      )
        throw error;
      return null;
    }
    await offer(true);
    return result;
  },
};
