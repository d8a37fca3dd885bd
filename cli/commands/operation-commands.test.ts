import { describe, expect, it } from 'vitest';
import type { Operation } from '../../contract/define.ts';
import { operations } from '../../contract/index.ts';
import { parseOperationArguments } from '../arguments.ts';
import { operationCommands } from './operation-commands.ts';

const placed = operations.filter((operation: Operation) => operation.cli !== undefined) as readonly Operation[];

describe('the examples of a derived command', () => {
  it.each(placed.map((operation) => [operation.name, operation] as const))('%s can be run', (_, operation) => {
    const words = operation.cli?.command ?? [];
    const command = operationCommands.find((one) => one.words.join(' ') === words.join(' '));
    for (const example of command?.examples ?? []) {
      const argv = example.split(' ').filter((word) => word !== '--json');
      expect(argv.slice(0, words.length)).toEqual(words);
      const params = parseOperationArguments(operation, argv.slice(words.length));
      expect(operation.input.safeParse(params).error).toBeUndefined();
    }
  });
});
