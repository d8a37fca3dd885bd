import { expect, it } from 'vitest';
import { renderError } from './error-page.ts';

const page = (details: Partial<Parameters<typeof renderError>[0]>): string =>
  renderError({ status: 503, ...details }, 'text/html').body;

it('shows commands as commands and sentences as text', () => {
  const body = page({ cure: ['Put the folder back.', 'koji project list'] });
  expect(body).toContain('<li>Put the folder back.</li>');
  expect(body).toContain('<li><code>koji project list</code></li>');
});

it('begins its title with a capital letter and escapes it once', () => {
  const body = page({ title: 'cannot serve "A & B"' });
  expect(body).toContain('<h1>Cannot serve &quot;A &amp; B&quot;.</h1>');
  expect(body).toContain('<title>503 Cannot serve &quot;A &amp; B&quot;</title>');
});
