import { expect, it } from 'vitest';
import { ownerIn } from './socket-owner.linux.ts';

const HEAD = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';
const line = (local: string, remote: string, uid: number, inode = 5769407): string =>
  `   1: ${local} ${remote} 01 00000000:00000000 00:00000000 00000000  ${uid}        0 ${inode} 1 00000000740c4615 100 0 0 10 0`;

it('the owner is the one of the other end, not of our own', () => {
  const table = [
    HEAD,
    // 7420 is 1CFC, 50000 is C350.
    line('0100007F:1CFC', '00000000:0000', 1000),
    line('0100007F:1CFC', '0100007F:C350', 1000),
    line('0100007F:C350', '0100007F:1CFC', 1001),
    line('0100007F:C351', '0A00020F:1CFC', 1002),
  ].join('\n');
  expect(ownerIn(table, 7420, 50_000)).toBe(1001);
  expect(ownerIn(table, 7420, 50_001)).toBeNull();
  expect(ownerIn('', 7420, 50_000)).toBeNull();
});

it('a connection that was closed at the other end is of nobody, though user 0 stands there', () => {
  const table = [HEAD, line('0100007F:C350', '0100007F:1CFC', 0, 0)].join('\n');
  expect(ownerIn(table, 7420, 50_000)).toBe(-1);
});

it('a mapped address is loopback too', () => {
  const mapped = '0000000000000000FFFF00000100007F';
  expect(ownerIn([HEAD, line(`${mapped}:C350`, `${mapped}:1CFC`, 1001)].join('\n'), 7420, 50_000)).toBe(1001);
});
