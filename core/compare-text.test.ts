import { describe, expect, it } from 'vitest';
import { compareNames, compareText } from './compare-text.ts';

describe('order of text', () => {
  it('goes by code units', () => {
    expect(['b', 'a', 'B', 'a'].sort(compareText)).toEqual(['B', 'a', 'a', 'b']);
  });
  it('puts names of any case where people look for them, always the same way', () => {
    expect(['zip', 'SPL', 'simplexml', 'Core'].sort(compareNames)).toEqual(['Core', 'simplexml', 'SPL', 'zip']);
    expect(['pdo', 'PDO'].sort(compareNames)).toEqual(['PDO', 'pdo']);
    expect(['PDO', 'pdo'].sort(compareNames)).toEqual(['PDO', 'pdo']);
  });
});
