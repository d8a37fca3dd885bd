import { describe, expect, it } from 'vitest';
import { environmentWith, isTestRun } from './programs.ts';

describe('a run of tests', () => {
  it.each([
    ['artisan test --parallel', true],
    ['vendor/bin/phpunit', true],
    ['vendor/bin/pest', true],
    ['bin/rails test', true],
    ['bin/rails db:test:prepare', true],
    ['bundle exec rspec', true],
    ['manage.py test', true],
    ['run test', true],
    ['run test:unit', true],
    ['artisan migrate:fresh --env=testing', true],
    ['artisan migrate', false],
    ['artisan make:test ShopTest', false],
    ['bin/rails db:migrate', false],
    ['run dev', false],
    ['artisan tinker --execute latest', false],
  ])('%s: %s', (line, expected) => expect(isTestRun(line.split(' '))).toBe(expected));

  it('is also what the caller’s environment says', () => {
    expect(isTestRun(['artisan', 'migrate:fresh'], { APP_ENV: 'testing' })).toBe(true);
    expect(isTestRun(['bin/rails', 'db:reset'], { RAILS_ENV: 'test' })).toBe(true);
    expect(isTestRun(['bin/rails', 'db:reset'], { RAILS_ENV: 'development' })).toBe(false);
  });
});

it('takes out what would lead a client to another server, and adds its own', () => {
  const caller = {
    PGHOSTADDR: '10.0.0.1',
    PGSERVICE: 'x',
    MYSQL_PWD: 'theirs',
    REDISCLI_AUTH: 'x',
    PATH: '/bin',
    PG: '1',
    NAME: 'theirs',
  };
  expect(
    environmentWith(caller, { env: { PGHOST: '127.0.0.1', NAME: 'ours' }, drop: ['PG', 'MYSQL_', 'REDISCLI_'] }),
  ).toEqual({
    PATH: '/bin',
    PGHOST: '127.0.0.1',
    NAME: 'ours',
  });
});
