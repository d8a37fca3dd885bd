/** Where the data is to be, as a part of the setup: asked with a live check, and moved at once, while there is little of it. */
import type { Client } from '../../client/index.ts';
import type { FirstRunStatus } from '../../contract/first-run.ts';
import { KojiboxError } from '../../contract/errors.ts';
import { print } from '../command.ts';
import { formatBytes, paint } from '../render/style.ts';
import { absoluteFolder, moveHome, renderPlan } from './home-commands.ts';
import { ask, askYes } from './setup-questions.ts';

/** Moves the data there, unless that is where it is. The client continues with the daemon that follows. */
export async function keepDataIn(client: Client, folder: string, quiet: boolean): Promise<void> {
  const wanted = absoluteFolder(folder);
  const { home, place } = await client.call('home.status', {});
  if (wanted === place || (wanted === home && place === home)) return;
  await moveHome(client, { folder: wanted }, quiet);
  if (!quiet) print(`  ${paint('green', '✓')} The data is in ${wanted}.`);
}

export async function askDataFolder(client: Client, { data }: FirstRunStatus): Promise<void> {
  print(`  ${formatBytes(data.freeBytes)} free. Enter keeps it; another folder must be new or empty.`);
  const chosen = await ask('  Data folder', data.place, async (text) => {
    const folder = absoluteFolder(text);
    if (folder === data.place) return null;
    const { problem } = await client.call('home.plan', { folder });
    return problem === null ? null : `${problem.message}: ${problem.detail}. ${problem.remedy}`;
  });
  const folder = absoluteFolder(chosen);
  if (folder === data.place) return;
  print(renderPlan(await client.call('home.plan', { folder })));
  if (!(await askYes('  Move it there?', true))) return;
  try {
    await keepDataIn(client, folder, false);
  } catch (error) {
    if (!(error instanceof KojiboxError)) throw error;
    // The data is where it was; the setup continues with it.
    print(`  ${paint('yellow', '!')} ${error.message}: ${error.detail}`);
  }
}
