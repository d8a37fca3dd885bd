/** A local authority with one leaf; a leaf for a new domain. Files and fsync included. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCertificates } from '../core/certificates/certificates.ts';
import { layoutOf } from '../core/layout.ts';
import { createNodeSystem } from '../daemon/system/node-system.ts';
import { median, report } from './figures.ts';

const first: number[] = [];
const next: number[] = [];
for (let round = 0; round < 10; round++) {
  const home = mkdtempSync(join(tmpdir(), 'kojibox-bench-'));
  const certificates = createCertificates({
    system: createNodeSystem({ home, environment: {} }),
    layout: layoutOf(home),
    userName: 'bench',
    notice: () => undefined,
  });
  let began = performance.now();
  await certificates.ensureRoot();
  await certificates.ensureLeaf('hello.test', ['hello.test', 'hello.localhost']);
  first.push(performance.now() - began);
  began = performance.now();
  await certificates.ensureLeaf('shop.test', ['shop.test', 'shop.localhost']);
  next.push(performance.now() - began);
  rmSync(home, { recursive: true });
}
report('local authority with one leaf', `${median(first).toFixed(1)} ms`, 'at most 150 ms', first);
report('a leaf for a new domain', `${median(next).toFixed(1)} ms`, 'at most 50 ms', next);
