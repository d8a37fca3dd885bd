import { expect, it } from 'vitest';
import { readStartOptions } from './start-options.ts';

it('reads the user, the ports and the file', () => {
  expect(
    readStartOptions(['--run-as', '65534:65533', '--bind', '127.0.0.1,443', '--bind', '::1,443', '/edge.json']),
  ).toEqual({
    configFile: '/edge.json',
    runAs: { uid: 65534, gid: 65533 },
    ports: [
      { address: '127.0.0.1', port: 443 },
      { address: '::1', port: 443 },
    ],
  });
  expect(readStartOptions(['/edge.json'])).toEqual({ configFile: '/edge.json', runAs: null, ports: [] });
});

it.each([
  [[]],
  [['--run-as', '0:0', 'f']],
  [['--run-as', '0:65534', 'f']],
  [['--run-as', '65534:0', 'f']],
  [['--run-as', '65534', 'f']],
  [['--run-as', '-1:5', 'f']],
  [['--run-as']],
  [['--bind', 'localhost,80', 'f']],
  [['--other', 'x', 'f']],
  [['f', 'g']],
])('refuses %j', (args) => {
  expect(readStartOptions(args)).toBeNull();
});
