import { describe, expect, it } from 'vitest';
import { planElevation, type ElevationFacts } from './elevation.ts';

const facts = (more: Partial<ElevationFacts> = {}): ElevationFacts => ({
  system: 'linux',
  isRoot: false,
  sudo: '/usr/bin/sudo',
  pkexec: '/usr/bin/pkexec',
  graphical: false,
  terminal: false,
  program: { node: '/opt/node', helper: '/opt/helper.mjs', electron: false },
  ...more,
});
const way = (more: Partial<ElevationFacts>): string | null => planElevation(facts(more), '{}')?.way ?? null;

describe('how the helper gets its rights', () => {
  it.each([
    [{ isRoot: true }, 'root'],
    [{ terminal: true, graphical: true }, 'sudo'],
    [{ terminal: true, sudo: null }, null],
    [{ terminal: true, sudo: null, graphical: true }, 'pkexec'],
    [{ graphical: true }, 'pkexec'],
    [{ graphical: true, pkexec: null }, 'sudo-without-asking'],
    [{}, 'sudo-without-asking'],
    [{ sudo: null }, null],
    [{ system: 'darwin', graphical: true }, 'osascript'],
    [{ system: 'darwin', terminal: true, graphical: true }, 'sudo'],
    [{ system: 'darwin' }, null],
    [{ system: 'windows', graphical: true }, 'uac'],
  ] as [Partial<ElevationFacts>, string | null][])('%j: %s', (more, expected) => expect(way(more)).toBe(expected));

  it('clears the environment under sudo, and gives the request on stdin', () => {
    expect(planElevation(facts({ terminal: true }), '{"version":1}')).toEqual({
      way: 'sudo',
      command: [
        '/usr/bin/sudo',
        '-p',
        expect.stringContaining('password'),
        '--',
        '/usr/bin/env',
        '-i',
        'PATH=/usr/sbin:/usr/bin:/sbin:/bin',
        '/opt/node',
        '/opt/helper.mjs',
      ],
      input: '{"version":1}',
      asks: true,
    });
  });

  it('tells the binary of Electron to be Node', () => {
    const program = { node: '/opt/App/kojibox', helper: '/opt/App/helper.mjs', electron: true };
    expect(planElevation(facts({ graphical: true, program }), '{}')?.command).toContain('ELECTRON_RUN_AS_NODE=1');
  });

  it('quotes what a shell, AppleScript or PowerShell would take for its own', () => {
    const program = { node: '/Users/o\'neil/My $(id) "node"', helper: "C:\\it's\\helper.mjs", electron: false };
    const script = planElevation(facts({ system: 'darwin', graphical: true, program }), '{"a":"$(id)"}')?.command[2];
    expect(script).toContain(`'/Users/o'\\\\''neil/My $(id) \\"node\\"'`);
    expect(script).toContain(`--request=${Buffer.from('{"a":"$(id)"}').toString('base64')}`);
    const encoded = planElevation(facts({ system: 'windows', graphical: true, program }), '{}')?.command.at(-1) ?? '';
    expect(Buffer.from(encoded, 'base64').toString('utf16le')).toContain(`'"C:\\it''s\\helper.mjs"'`);
  });
});
