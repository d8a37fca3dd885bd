import { expect, it } from 'vitest';
import { environmentFor } from './own-server.ts';

const mariadb = { args: ['--host=127.0.0.1', '--port=3307'], env: { MYSQL_PWD: 'secret' } };
const redis = { args: ['-p', '6380'], env: { REDISCLI_AUTH: 'secret' } };

const psql = { args: ['-X'], env: { PGPASSWORD: 'secret' } };

it.each([
  ['psql', psql, '-c select', true],
  ['psql', psql, '-h db.example.com', false],
  ['psql', psql, '-hdb.example.com', false],
  ['psql', psql, '--host=db.example.com', false],
  ['mariadb', mariadb, '-e select', true],
  ['mariadb', mariadb, '-h 127.0.0.1 -P 3307 shop', true],
  ['mariadb', mariadb, '-h db.example.com', false],
  ['mariadb', mariadb, '-hdb.example.com', false],
  ['mariadb', mariadb, '--host=db.example.com', false],
  ['mariadb', mariadb, '--ho db.example.com', false],
  ['mariadb', mariadb, '-P 3306', false],
  ['mariadb', mariadb, '--socket=/run/mysqld/mysqld.sock', false],
  ['mariadb-dump', mariadb, '-h 10.0.0.1 shop', false],
  ['redis-cli', redis, 'ping', true],
  ['redis-cli', redis, '-p 6380 -n 2 ping', true],
  ['redis-cli', redis, '-h 10.0.0.1 ping', false],
  ['redis-cli', redis, '-u redis://10.0.0.1 ping', false],
  ['redis-cli', redis, '-p 6379', false],
] as const)('%s of %j with %s: the password goes along: %s', (program, own, line, expected) => {
  expect(Object.values(environmentFor(program, own, line.split(' '))).includes('secret')).toBe(expected);
});
