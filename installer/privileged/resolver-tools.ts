/** Telling the system's resolver which names are ours: a unit for systemd-resolved, resolver(5) files on macOS. */
import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { macResolverFile, RESOLVED_PROGRAMS, resolverUnit } from '../../core/privileged/resolver.ts';
import { Declined } from './declined.ts';
import type { Machine, Outcome } from './machine.ts';
import { readPlainFile, removeFile, replaceFile } from './root-files.ts';

const { systemctl: SYSTEMCTL } = RESOLVED_PROGRAMS;
const changed = (message: string): Outcome => ({ status: 'changed', message });
const unchanged = (message: string): Outcome => ({ status: 'unchanged', message });

/** @param place the unit (Linux) or the folder of files (macOS) */
export function setResolver(suffixes: readonly string[], port: number, place: string, machine: Machine): Outcome {
  const done = changed(`names under ${suffixes.join(', ')} are asked of 127.0.0.1:${port}`);
  if (machine.system === 'darwin') {
    const stale = ourFiles(place).filter((name) => !suffixes.includes(name));
    for (const suffix of suffixes) replaceFile(join(place, suffix), macResolverFile(port));
    for (const name of stale) removeFile(join(place, name));
    return done;
  }
  for (const program of Object.values(RESOLVED_PROGRAMS))
    if (!existsSync(machine.root === '/' ? program : join(machine.root, program)))
      throw new Declined('unsupported', `this system has no systemd-resolved (${program} is not there)`);
  const text = resolverUnit(suffixes, port);
  const before = readPlainFile(place);
  if (before === text) return unchanged('the resolver is set already');
  replaceFile(place, text);
  try {
    start(machine, place);
  } catch (error) {
    // Nothing half done: as it was before.
    stop(machine, place);
    removeFile(place);
    if (before !== null) replaceFile(place, before);
    machine.run(SYSTEMCTL, ['daemon-reload']);
    if (before !== null) start(machine, place);
    throw error;
  }
  return done;
}

export function clearResolver(place: string, machine: Machine): Outcome {
  if (machine.system === 'darwin') {
    const ours = ourFiles(place);
    for (const name of ours) removeFile(join(place, name));
    return ours.length > 0 ? changed('the resolver is as it was') : unchanged('there was nothing to take out');
  }
  if (readPlainFile(place) === null) return unchanged('there was nothing to take out');
  machine.run(SYSTEMCTL, ['disable', '--now', basename(place)]);
  removeFile(place);
  machine.run(SYSTEMCTL, ['daemon-reload']);
  return changed('the resolver is as it was');
}

function start(machine: Machine, place: string): void {
  machine.run(SYSTEMCTL, ['daemon-reload']);
  machine.run(SYSTEMCTL, ['enable', basename(place)]);
  machine.run(SYSTEMCTL, ['restart', basename(place)]);
}

function stop(machine: Machine, place: string): void {
  try {
    machine.run(SYSTEMCTL, ['disable', '--now', basename(place)]);
  } catch {
    // It never came to run; what counts is that the file goes.
  }
}

const ourFiles = (folder: string): string[] =>
  (existsSync(folder) ? readdirSync(folder) : []).filter((name) =>
    readPlainFile(join(folder, name))?.startsWith('# Made by Kojibox.'),
  );
