/** Names under which secrets go: settings, environment variables, flags, headers. */

/** Without a leading `.*`, so that searching it in a long line stays linear. */
export const SECRET_WORD = String.raw`(?:passw(?:or)?d|passphrase|passcode|pass(?![a-z])|pwd(?![a-z])|secret|token|credential|requirepass|masterauth|(?:api|access|private|signing|encryption|master|session|license|auth|app)[-_.]?key)`;

const SECRET_NAME = new RegExp(SECRET_WORD, 'i');

/** `DB_PASSWORD`, `apiKey`, `--requirepass`; not `key`, which is mostly the name of a file. */
export const isSecretName = (name: string): boolean => SECRET_NAME.test(name);
