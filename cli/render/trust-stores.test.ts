import { expect, it } from 'vitest';
import { renderTrustStores } from './trust-stores.ts';

it('says which programs trust the local authority, and how the others are told', () => {
  const [nss, system, none] = [
    { store: 'nss', label: 'Chromium and Firefox', present: true, trusted: true, reason: '', command: 'certutil' },
    { store: 'system', label: 'curl', present: true, trusted: false, reason: 'not added yet', command: 'sudo cp' },
    { store: 'none', label: 'Nothing', present: false, trusted: false, reason: 'not here', command: null },
  ] as unknown as Parameters<typeof renderTrustStores>[0];
  expect(renderTrustStores([nss!, system!, none!])).toBe(
    '  ✓ Chromium and Firefox\n  ! curl: not added yet\n    by hand: sudo cp',
  );
});
