/**
 * From operations to MCP tools: names, schemas and hints.
 * https://modelcontextprotocol.io/specification/2025-11-25/server/tools
 */
import { z } from 'zod';
import type { Tool } from '@modelcontextprotocol/sdk/types.js';
import { isAllowed, type AccessLevel, type Operation } from '../../contract/define.ts';
import { operations } from '../../contract/index.ts';

/** `services.start` → `services_start`: hosts refuse dots in the names of tools. Null for what is never a tool. */
export function toolNameOf(operation: Pick<Operation, 'name' | 'holdsSecret'>): string | null {
  return operation.holdsSecret === true ? null : operation.name.replaceAll('.', '_');
}

const operationByTool: ReadonlyMap<string, Operation> = new Map(
  operations.flatMap((operation: Operation) => {
    const name = toolNameOf(operation);
    return name === null ? [] : [[name, operation] as const];
  }),
);

/** @returns the operation behind a tool of whatever level; undefined when there is no such tool */
export const operationOfTool = (name: string): Operation | undefined => operationByTool.get(name);

/** Tools that a caller with this access may use, in the order of the contract. */
export function listTools(granted: AccessLevel): Tool[] {
  return [...operationByTool]
    .filter(([, operation]) => isAllowed(operation.access, granted))
    .map(([name, operation]) => toolOf(name, operation));
}

/** True when the result is a JSON object: only those may be structured (specification, "Structured Content"). */
export const isStructured = (operation: Operation): boolean => operation.output instanceof z.ZodObject;

function toolOf(name: string, operation: Operation): Tool {
  const isQuery = operation.kind === 'query';
  return {
    name,
    description: operation.summary,
    inputSchema: objectSchema(operation.input, 'input'),
    ...(isStructured(operation) ? { outputSchema: objectSchema(operation.output, 'output') } : {}),
    annotations: {
      readOnlyHint: isQuery,
      destructiveHint: !isQuery && (operation.access === 'admin' || operation.destructive === true),
    },
  };
}

/** JSON Schema 2020-12, the default of the protocol, so `$schema` is left out. */
function objectSchema(schema: z.ZodType, io: 'input' | 'output'): Tool['inputSchema'] {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return { ...rest, type: 'object' } as Tool['inputSchema'];
}
