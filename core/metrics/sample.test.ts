import { describe, expect, it } from 'vitest';
import { sampleBetween, type Reading } from './sample.ts';

const MIB = 1_048_576;
const reading = (at: number, change: Partial<Reading> = {}): Reading => ({
  ts: 1_800_000_000_000 + at,
  at,
  host: { busyMs: 1000, totalMs: 10_000, memoryBytes: 512 * MIB },
  services: new Map([['php', { pid: 7, cpuMs: 400, memoryBytes: 20 * MIB }]]),
  restarts: new Map([
    ['php', 2],
    ['redis', 1],
  ]),
  ...change,
});

describe('a sample', () => {
  it('compares two readings: the host over all cores, a service over one', () => {
    const now = reading(5000, {
      host: { busyMs: 3000, totalMs: 20_000, memoryBytes: 768 * MIB },
      services: new Map([['php', { pid: 7, cpuMs: 7900, memoryBytes: 20.26 * MIB }]]),
    });
    expect(sampleBetween(reading(0), now)).toEqual({
      ts: now.ts,
      host: { cpuPercent: 20, memMB: 768, restarts: 3 },
      services: [{ id: 'php', cpuPercent: 150, memMB: 20.3, restarts: 2 }],
    });
  });

  it('says 0 % for what it sees for the first time, or as another process', () => {
    expect(sampleBetween(null, reading(0)).services[0]?.cpuPercent).toBe(0);
    expect(sampleBetween(null, reading(0)).host?.cpuPercent).toBe(0);
    const restarted = new Map([['php', { pid: 8, cpuMs: 900, memoryBytes: MIB }]]);
    expect(sampleBetween(reading(0), reading(5000, { services: restarted })).services[0]?.cpuPercent).toBe(0);
  });

  it('stays within 0 and 100 % when counters step back, and between equal moments', () => {
    const back = reading(5000, { host: { busyMs: 900, totalMs: 10_500, memoryBytes: 0 }, services: new Map() });
    expect(sampleBetween(reading(0), back).host?.cpuPercent).toBe(0);
    const over = reading(5000, { host: { busyMs: 9000, totalMs: 10_500, memoryBytes: 0 } });
    expect(sampleBetween(reading(0), over).host?.cpuPercent).toBe(100);
    expect(sampleBetween(reading(0), reading(0)).services[0]?.cpuPercent).toBe(0);
  });

  it('has no host where the system does not tell', () => {
    expect(sampleBetween(null, reading(0, { host: null })).host).toBeNull();
  });
});
