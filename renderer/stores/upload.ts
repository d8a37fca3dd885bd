/** Handing a file to the daemon: by its path where the shell knows it, else sent over HTTP straight from the disk. */
import type { PageAuth } from '../../client/index.ts';
import { ErrorBodySchema, KojiboxError } from '../../contract/errors.ts';

let auth: PageAuth | null = null;

/** What a file is sent with, where the page is no part of the desktop app. */
export const useUploadAuth = (given: PageAuth): void => {
  auth = given;
};

interface Shell {
  /** Empty for a file that is not on a disk. */
  pathOf(file: File): string;
}

export interface Upload {
  /** Path at which the daemon finds it. Rejects with a KojiboxError. */
  readonly path: Promise<string>;
  cancel(): void;
}

/**
 * @param kind what it is: each has a folder, and an end, of its own
 * @param progress share that was sent, 0 to 1
 */
export function uploadFile(kind: 'pack' | 'dump', file: File, progress: (share: number) => void): Upload {
  const shell = (window as { kojiboxFiles?: Shell }).kojiboxFiles;
  const known = shell?.pathOf(file) ?? '';
  if (known !== '') return { path: Promise.resolve(known), cancel: () => undefined };
  // fetch() tells nothing of how much was sent.
  const request = new XMLHttpRequest();
  const path = new Promise<string>((resolve, reject) => {
    const fail = (detail: string): void =>
      reject(new KojiboxError('DAEMON_UNREACHABLE', `cannot send ${file.name}`, { detail, source: 'ui' }));
    request.upload.onprogress = ({ loaded, total }) => progress(total === 0 ? 0 : loaded / total);
    request.onerror = () => fail('the connection to the daemon broke');
    request.onabort = () =>
      reject(new KojiboxError('CANCELLED', `${file.name} was not sent`, { detail: 'it was cancelled', source: 'ui' }));
    request.onload = () => {
      const reply = request.response as { result?: { path?: unknown }; error?: unknown } | null;
      const error = ErrorBodySchema.safeParse(reply?.error);
      if (typeof reply?.result?.path === 'string') resolve(reply.result.path);
      else if (error.success) reject(KojiboxError.fromBody(error.data));
      else fail(`it answered ${request.status}`);
    };
  });
  let isCancelled = false;
  const send = (key: string): void => {
    if (isCancelled) return;
    request.open('POST', `/upload/${kind}`);
    request.responseType = 'json';
    request.setRequestHeader('authorization', `Bearer ${key}`);
    request.setRequestHeader('content-type', 'application/octet-stream');
    request.send(file);
  };
  const key = auth?.key() ?? Promise.reject(new Error('this page has no session'));
  key.then(send, () => request.dispatchEvent(new ProgressEvent('error')));
  const cancel = (): void => {
    isCancelled = true;
    // Before it is sent there is nothing that would tell of its end.
    if (request.readyState === XMLHttpRequest.UNSENT) request.dispatchEvent(new ProgressEvent('abort'));
    else request.abort();
  };
  return { path, cancel };
}
