/** Operations on packs, mirrors and shells: call, return. No decisions here. */
import type { Handlers } from '../../contract/index.ts';
import type { PackKeys } from '../../core/packs/pack-keys.ts';
import type { Packs } from '../packs/packs.ts';
import type { MirrorSettings } from '../packs/mirrors.ts';
import type { Uploads } from '../packs/uploads.ts';
import type { ShellSetup } from '../shims/shell-setup.ts';

export interface PackHandlerOptions {
  readonly packs: Packs;
  readonly keys: PackKeys;
  readonly uploads: Uploads;
  readonly mirrors: MirrorSettings;
  readonly shell: ShellSetup;
}

type Names = Extract<keyof Handlers, `packs.${string}` | `mirror.${string}` | `shell.${string}`>;

export function createPackHandlers({
  packs,
  keys,
  uploads,
  mirrors,
  shell,
}: PackHandlerOptions): Pick<Handlers, Names> {
  const ok = 'ok' as const;
  return {
    'packs.create': async ({ runtimes, path, name }) =>
      packs.create({
        ...(runtimes === undefined ? {} : { runtimes }),
        ...(path === undefined ? {} : { path }),
        ...(name === undefined ? {} : { name }),
      }),
    'packs.inspect': async ({ path }) => packs.inspect(path),
    'packs.install': async ({ path, trustKey }) => packs.install(path, trustKey),
    'packs.discardUpload': async ({ path }) => {
      await uploads.discard(path);
      return ok;
    },
    'packs.keys': async () => keys.list(),
    'packs.forgetKey': async ({ fingerprint }) => {
      await keys.forget(fingerprint);
      return ok;
    },

    'mirror.list': async ({ check }) => mirrors.list(check),
    'mirror.set': async ({ kind, url, check, allowExpired }) => {
      await mirrors.set(kind, url, { check, allowExpired });
      return ok;
    },
    'mirror.clear': async ({ kind }) => {
      await mirrors.clear(kind);
      return ok;
    },

    'shell.install': async ({ shell: kind, file }) => {
      await shell.install(kind, file);
      return ok;
    },
  };
}
