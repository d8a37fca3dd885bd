/** Imports of dumps that a browser sent: such a file is there for one import, and goes with its end. */
import type { Handlers } from '../../contract/index.ts';
import type { Kojibox } from '../../core/kojibox-types.ts';
import type { Uploads } from '../packs/uploads.ts';

export function createDumpUploadHandlers(
  { databases, changes }: Pick<Kojibox, 'databases' | 'changes'>,
  uploads: Uploads,
): Pick<Handlers, 'databases.import'> {
  return {
    'databases.import': async ({ engine, name, path, ...wanted }) => {
      try {
        const change = await databases.import(engine, name, path, wanted);
        const discard = (): Promise<void> => uploads.discard(path);
        // How it ends is the change's to tell.
        void changes.ended(change.id).then(discard, discard);
        return change;
      } catch (error) {
        await uploads.discard(path);
        throw error;
      }
    },
  };
}
