import { expect, it } from 'vitest';
import { findCommands, type PaletteCommand } from './palette-commands.ts';

const command = (text: string, isSweeping = false): PaletteCommand => ({
  id: text,
  text,
  isSweeping,
  run: () => undefined,
});
const COMMANDS = [
  command('Open Stopwatch'),
  command('Go to Runtimes'),
  command('Start all'),
  command('Stop all', true),
  command('Stop Redis'),
  command('Restart Redis'),
  command('Stop PHP 8.2'),
];
const found = (typed: string): string[] => findCommands(COMMANDS, typed).map(({ text }) => text);

it('puts what stops everything last, unless its whole text is typed', () => {
  expect(found('stop')).toEqual(['Stop Redis', 'Stop PHP 8.2', 'Open Stopwatch', 'Stop all']);
  expect(found('stop all')).toEqual(['Stop all']);
  expect(found('stop a').at(-1)).toBe('Stop all');
  expect(found('all')).toEqual(['Start all', 'Stop all']);
});

it('prefers the beginning of words, and keeps the order otherwise', () => {
  expect(found('redis')).toEqual(['Stop Redis', 'Restart Redis']);
  expect(found('resta r')[0]).toBe('Restart Redis');
  expect(found('')).toHaveLength(COMMANDS.length);
  expect(found('nothing like it')).toEqual([]);
});
