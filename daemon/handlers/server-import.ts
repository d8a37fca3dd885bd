/** Imports from servers of someone else. */
import type { Handlers, OperationName } from '../../contract/index.ts';
import type { ServerImports } from '../../core/databases/server-import/server-imports.ts';

type Mine = Extract<OperationName, `serverImport.${string}`>;

export const createServerImportHandlers = (imports: ServerImports): Pick<Handlers, Mine> => ({
  'serverImport.inspect': async (login) => imports.inspect(login),
  'serverImport.start': async (wanted) => imports.start(wanted),
  'serverImport.list': async () => [...imports.list()],
  'serverImport.undo': async ({ id }) => imports.undo(id),
});
