import { describe, expect, it } from 'vitest';
import { isOwnUrl, isTrustedSender, mayLoad, mayOpenOutside } from './app-origin.ts';

describe('the own page', () => {
  it.each([
    ['app://kojibox/', true],
    ['app://kojibox/index.html#/logs', true],
    ['app://kojibox.evil/', false],
    ['app://evil/', false],
    ['app://user:pw@kojibox/', false],
    ['app://kojibox:80/', false],
    ['http://kojibox/', false],
    ['https://kojibox/', false],
    ['file:///app://kojibox/', false],
    ['about:blank', false],
    ['not a url', false],
    ['', false],
  ])('%s: %s', (url, own) => {
    expect(isOwnUrl(url)).toBe(own);
  });

  it('is listened to in its top frame only, and in its own window only', () => {
    const good = { contentsId: 1, frameUrl: 'app://kojibox/', isMainFrame: true };
    expect(isTrustedSender(good, 1)).toBe(true);
    expect(isTrustedSender(good, 2)).toBe(false);
    expect(isTrustedSender({ ...good, isMainFrame: false }, 1)).toBe(false);
    expect(isTrustedSender({ ...good, frameUrl: null }, 1)).toBe(false);
    expect(isTrustedSender({ ...good, frameUrl: 'https://hello.test/' }, 1)).toBe(false);
    expect(isTrustedSender({ ...good, frameUrl: 'about:srcdoc' }, 1)).toBe(false);
  });
});

describe('what may open in the browser', () => {
  const sites = ['https://hello.test:8443', 'http://127.0.0.1:9000', 'not a url'];
  it.each([
    ['https://hello.test:8443/', true],
    ['https://hello.test/path?x=1', true],
    ['http://hello.test/', true],
    ['http://127.0.0.1:9000/', true],
    ['https://other.test/', false],
    ['https://hello.test.evil.com/', false],
    ['https://evil.com/https://hello.test', false],
    ['https://hello.test@evil.com/', false],
    ['https://user:pw@hello.test/', false],
    ['javascript:alert(1)', false],
    ['file:///etc/passwd', false],
    ['smb://hello.test/share', false],
    ['kojibox://open', false],
    ['ms-settings:hello.test', false],
    ['', false],
  ])('%s: %s', (url, may) => {
    expect(mayOpenOutside(url, sites)).toBe(may);
  });
});

describe('what the window loads', () => {
  it.each([
    ['app://kojibox/assets/index.js', true],
    ['blob:app://kojibox/0f0e', true],
    ['data:image/png;base64,AA==', true],
    ['app://other/', false],
    ['blob:https://evil.example/0f0e', false],
    ['https://evil.example/?secret', false],
    ['http://127.0.0.1:7420/rpc', false],
    ['wss://evil.example/', false],
    ['file:///etc/passwd', false],
    ['ftp://evil.example/', false],
  ])('%s: %s', (url, loads) => {
    expect(mayLoad(url)).toBe(loads);
  });
});
