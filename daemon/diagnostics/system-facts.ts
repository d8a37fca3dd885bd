/** The machine and the programs, for a bug report. */
import { readFileSync } from 'node:fs';
import { arch, availableParallelism, cpus, freemem, loadavg, release, totalmem, type, uptime, version } from 'node:os';
import type { DaemonInfo } from '../../contract/daemon.ts';
import type { System } from '../../core/system/system.ts';

const toMiB = (bytes: number): number => Math.round(bytes / 1_048_576);

export async function systemFacts(system: System, daemon: DaemonInfo): Promise<unknown> {
  const processors = cpus();
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return {
    kojibox: daemon.version,
    daemon,
    os: { type: type(), release: release(), version: version(), arch: arch(), distribution: distribution() },
    glibc: header.glibcVersionRuntime ?? null,
    cpu: { model: processors[0]?.model ?? null, cores: processors.length, usable: availableParallelism() },
    memory: { totalMB: toMiB(totalmem()), freeMB: toMiB(freemem()) },
    disk: { freeMB: toMiB(await system.files.freeBytes(daemon.home)) },
    loadAverage: loadavg(),
    uptimeSec: Math.round(uptime()),
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    isRoot: system.host.isRoot,
    serviceUser: system.host.serviceUser,
    /** Their names only. */
    variables: Object.keys(process.env)
      .filter((name) => /^(?:KOJIBOX|NODE|LANG|LC)_?/.test(name))
      .sort(),
    versions: process.versions,
  };
}

/** See os-release(5); null where there is none. */
function distribution(): string | null {
  try {
    return /^PRETTY_NAME="?([^"\n]+)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? null;
  } catch {
    return null; // Another system.
  }
}
