/** Where the key of the secrets is. */
import type { Handlers } from '../../contract/index.ts';
import type { Kojibox } from '../../core/kojibox-types.ts';
import type { Keychain } from '../../core/secrets/keychain.ts';

export function createSecretKeyHandlers(options: {
  readonly kojibox: Pick<Kojibox, 'secrets' | 'secretKey'>;
  readonly keychain: Pick<Keychain, 'label'>;
}): Pick<Handlers, 'secrets.status' | 'secrets.moveKey'> {
  const { secrets, secretKey } = options.kojibox;
  return {
    'secrets.status': async () => ({
      ...(await secretKey.status()),
      keychain: options.keychain.label,
      count: secrets.count(),
    }),
    'secrets.moveKey': async ({ to }) => {
      await secretKey.moveTo(to);
      return 'ok';
    },
  };
}
