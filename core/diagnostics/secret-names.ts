/** Names under which secrets go: settings, environment variables, flags, headers. */

/** Without a leading `.*`, so that searching it in a long line stays linear. */
export const SECRET_WORD = String.raw`(?:${[
  'passw(?:or)?d|passphrase|passcode|pass(?![a-z])|pwd(?![a-z])|(?<![a-z])pw(?![a-z])',
  'secret|token|credential|requirepass|masterauth|salt(?![a-z])|nonce(?![a-z])|[cx]srf|auth(?![a-z])',
  '(?<![a-z])(?:otp|totp|pin|cvv|cvc|sid)(?![a-z])',
  // PHPSESSID, JSESSIONID, sessionid, laravel_session
  'sess(?:ion)?[-_.]?id(?![a-z])|[_.-]session(?![a-z])',
  '(?:api|access|private|signing|encryption|master|session|license|auth|app|webhook|service)[-_.]?key',
].join('|')})`;

const SECRET_NAME = new RegExp(SECRET_WORD, 'i');

/** `DB_PASSWORD`, `apiKey`, `--requirepass`; not `key`, which is mostly the name of a file; see the values in redact.ts. */
export const isSecretName = (name: string): boolean => SECRET_NAME.test(name);
