import { describe, expect, it } from 'vitest';
import { commands } from '../commands/index.ts';
import { completionFor } from './candidates.ts';

const valuesOf = (...typed: string[]): string[] => {
  const completion = completionFor(commands, typed);
  return completion.kind === 'words' ? completion.candidates.map(({ value }) => value) : [completion.kind];
};

describe('completion', () => {
  it('offers every command of the table, and no hidden one', () => {
    const first = new Set(commands.filter(({ hidden }) => hidden !== true).map(({ words }) => words[0]));
    expect(valuesOf('')).toEqual([...first]);
    expect(valuesOf('')).not.toContain('complete');
  });

  it.each<[string[], string[]]>([
    [['sta'], ['status', 'start']],
    [
      ['runtime', ''],
      ['manifest', 'list', 'install', 'remove', 'use', 'pin', 'unpin', 'lock'],
    ],
    [['runtime', 'li'], ['list']],
    [['nothing', ''], []],
    [['php', 'scr'], ['files']],
    [
      ['mcp', '--allow', ''],
      ['read', 'operate', 'admin'],
    ],
    [['mcp', '--allow=o'], ['--allow=operate']],
    // As bash splits it.
    [
      ['mcp', '--allow', '='],
      ['read', 'operate', 'admin'],
    ],
    [['mcp', '--allow', '=', 'a'], ['admin']],
    [['mcp', '--al'], ['--allow']],
    [
      ['mcp', '--allow', 'read', '--'],
      ['--json', '--help'],
    ],
    [['quit', ''], ['--keep-services']],
    [['quit', '--keep-services', ''], []],
    [
      ['secrets', 'get', 'any', ''],
      ['app', 'project', 'service'],
    ],
    [
      ['project', 'set', 'shop', '.', '--stack', ''],
      ['php', 'node', 'program', 'static', 'proxy'],
    ],
    [['completion', 'b'], ['bash']],
    // As PowerShell sends an empty word.
    [
      ['runtime', '""'],
      ['manifest', 'list', 'install', 'remove', 'use', 'pin', 'unpin', 'lock'],
    ],
  ])('%j: %j', (typed, expected) => {
    expect(valuesOf(...typed)).toEqual(expected);
  });

  it.each<[string[], string, string[]]>([
    [['start', ''], 'services', []],
    [['logs', '--tail', '5', 'po'], 'logs', []],
    [['open', ''], 'projects', []],
    [['runtime', 'install', ''], 'runtimes', []],
    [['runtime', 'install', 'php', ''], 'runtime-versions', ['php']],
    [['project', 'set', 'shop', ''], 'folders', ['shop']],
    [['cancel', ''], 'changes', []],
  ])('%j asks for %s', (typed, source, given) => {
    expect(completionFor(commands, typed)).toEqual({ kind: 'source', source, given, prefix: '' });
  });

  it('shows what a command does, and what is below a word', () => {
    const completion = completionFor(commands, ['']);
    const candidates = completion.kind === 'words' ? completion.candidates : [];
    const meaningOf = (value: string): string | undefined => candidates.find((one) => one.value === value)?.meaning;
    expect(meaningOf('up')).toMatch(/^Install what is missing/);
    expect(meaningOf('certs')).toBe('generate, trust, untrust, renew, list, stores');
  });

  it('every flag of the help can be completed', () => {
    for (const command of commands.filter(({ options }) => options !== undefined)) {
      const offered = valuesOf(...command.words, '--');
      for (const [text] of command.options ?? []) {
        if (!text.startsWith('-')) continue; // A value by position.
        const flag = /--[a-z-]+/.exec(text)?.[0] ?? '';
        expect(offered, command.words.join(' ')).toContain(flag);
      }
    }
  });
});
