import { describe, expect, it } from 'vitest';
import { commands } from './commands/index.ts';
import { helpBelow, helpFor, overview } from './help.ts';

const shown = commands.filter(({ hidden }) => hidden !== true);

describe('help', () => {
  it('names every command, and fits on two screens', () => {
    const text = overview(commands);
    for (const { words } of shown) expect(text).toContain(words.length === 1 ? words[0] : words[1]);
    expect(text.split('\n').length).toBeLessThan(90);
  });

  it('puts what belongs together in one place', () => {
    for (const [first, family] of Map.groupBy(shown, ({ words }) => words[0] ?? ''))
      expect([first, new Set(family.map(({ group }) => group)).size]).toEqual([first, 1]);
  });

  it('shows what is below a word, and nothing below a command', () => {
    expect(helpBelow(['db'], commands)).toContain('koji db take-over');
    expect(helpBelow(['db'], commands)?.match(/^ {2}db /gm)?.length).toBeGreaterThan(8);
    expect(helpBelow(['db', 'list'], commands)).toBeNull();
    expect(helpBelow(['nothing'], commands)).toBeNull();
  });

  it('lines up the meaning of flags', () => {
    const setup = shown.find(({ words }) => words.join(' ') === 'setup');
    const lines = helpFor(setup!).split('\n');
    const columns = lines
      .filter((line) => line.startsWith('  --'))
      .map((line) => /^ {2}\S.*? {2,}(?=\S)/.exec(line)?.[0].length);
    expect(new Set(columns).size).toBe(1);
  });
});
