import { expect, it } from 'vitest';
import { KojiboxError, type ErrorCode } from '../../contract/errors.ts';
import type { ServiceBinary } from '../../contract/manifest.ts';
import type { Mirrors } from '../../contract/mirror.ts';
import type { RuntimeSourceDriver } from '../../core/runtimes/source.ts';
import { withMirrorHint } from './mirror-hint.ts';

async function failureOf(code: ErrorCode, mirrors: Mirrors): Promise<KojiboxError> {
  const fail = (): Promise<never> =>
    Promise.reject(
      new KojiboxError(code, 'cannot fetch x.tgz', { detail: 'the server answered 404', source: 'runtime' }),
    );
  const source: RuntimeSourceDriver = withMirrorHint({ type: 'npm', stage: fail, collect: fail }, () => mirrors);
  const progress = { step: () => undefined, bytes: () => undefined };
  const binary = {} as ServiceBinary;
  const { signal } = new AbortController();
  const errors: unknown[] = [];
  await source
    .stage(binary, { staging: '', finalPath: () => '' }, progress, signal)
    .catch((error: unknown) => errors.push(error));
  await source.collect?.(binary, progress, signal).catch((error: unknown) => errors.push(error));
  expect(errors).toHaveLength(2);
  expect(String(errors[1])).toBe(String(errors[0]));
  return errors[0] as KojiboxError;
}

it.each<ErrorCode>(['DOWNLOAD_FAILED', 'DIGEST_MISMATCH'])('%s names the mirror and the way back', async (code) => {
  const { detail, remedy, message } = await failureOf(code, { npm: 'http://127.0.0.1:9' });
  expect(message).toBe('cannot fetch x.tgz');
  expect(detail).toBe('the server answered 404; it was asked from your own mirror for npm: http://127.0.0.1:9');
  expect(remedy).toContain('koji mirror clear npm');
});

it('says nothing of a mirror of another kind, nor of other failures', async () => {
  expect((await failureOf('DOWNLOAD_FAILED', { debian: 'http://127.0.0.1:9' })).detail).toBe('the server answered 404');
  expect((await failureOf('DISK_FULL', { npm: 'http://127.0.0.1:9' })).detail).toBe('the server answered 404');
});
