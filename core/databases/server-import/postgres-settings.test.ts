import { expect, it } from 'vitest';
import { isPlainSetting } from './postgres-settings.ts';

it.each([
  'set search_path to sales, public',
  `set search_path to "$user", "it""s; x"`,
  `set "app.mode" to 'it''s'`,
  `set log_statement to 'ddl'`,
  String.raw`set datestyle to  E'a\\b'`,
])('lets through %s', (setting) => expect(isPlainSetting(setting)).toBe(true));

it.each([
  'set a to b; copy (select 1) to program x',
  `set a to 'b'; select 1`,
  String.raw`set a to 'b\'; select 1; --'`,
  String.raw`set a to E'\'; select 1; --'`,
  'set a to b -- c',
  'reset all',
  '',
  'set session_preload_libraries to auto_explain',
  `set dynamic_library_path to '/tmp'`,
  `set role to 'kojibox'`,
  `set "plperl.on_init" to 'x'`,
])('refuses %s', (setting) => expect(isPlainSetting(setting)).toBe(false));
