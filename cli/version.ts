/** The version of this build. */

/** Replaced by the build. */
declare const __KOJIBOX_VERSION__: string;

export const VERSION =
  process.env['KOJIBOX_VERSION'] ?? (typeof __KOJIBOX_VERSION__ === 'string' ? __KOJIBOX_VERSION__ : '0.0.0-source');
