/** What a person sees when something is not there: which service, why, and the command that cures it. */
import type { Site } from './sites.ts';

const TITLES: Readonly<Record<number, string>> = {
  400: 'This request makes no sense',
  403: 'This may not be served',
  404: 'There is nothing here',
  405: 'Not with this method',
  408: 'The request took too long to arrive',
  413: 'That is too much at once',
  416: 'The file is shorter than that',
  421: 'Another certificate is needed',
  500: 'Something went wrong in the edge',
  502: 'The service did not answer',
  503: 'The service is not up',
  504: 'The service took too long',
};

export interface ErrorDetails {
  readonly status: number;
  /** Instead of the usual one of the status. */
  readonly title?: string;
  readonly service?: string;
  /** What went wrong, for the small print. */
  readonly reason?: string;
  readonly sites?: readonly Site[];
  /** In one sentence, for the person in front of the browser. */
  readonly hint?: string;
  /** What helps, where the status alone does not tell: commands, or sentences. */
  readonly cure?: readonly string[];
}

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

const isCommand = (step: string): boolean => step.startsWith('koji ');
const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** Only what does not run is started. One that broke off runs, or runs again, and its log has the reason. */
function cureOf({ status, service, cure }: ErrorDetails): readonly string[] {
  if (cure !== undefined) return cure;
  if (service === undefined || status < 500) return [];
  if (status === 503) return [`koji start ${service}`, `koji logs ${service}`];
  return status === 504 ? [`koji logs ${service}`, `koji restart ${service}`] : [`koji logs ${service}`];
}

export function renderError(details: ErrorDetails, accept: string): { type: string; body: string } {
  const title = details.title ?? TITLES[details.status] ?? 'Something went wrong';
  const cure = cureOf(details);
  if (/\bjson\b/.test(accept) && !accept.includes('text/html')) {
    const error = {
      status: details.status,
      message: title,
      service: details.service ?? null,
      reason: details.reason ?? details.hint ?? null,
      cure,
    };
    return { type: 'application/json', body: `${JSON.stringify({ error })}\n` };
  }
  const who =
    details.service === undefined
      ? ''
      : `<p>Kojibox asked <b>${escape(details.service)}</b>${details.reason === undefined ? '' : `: ${escape(details.reason)}`}.</p>`;
  const hint = details.hint === undefined ? '' : `<p>${escape(details.hint)}</p>`;
  const commands =
    cure.length === 0
      ? ''
      : `<p>What helps:</p><ul>${cure.map((step) => `<li>${isCommand(step) ? `<code>${escape(step)}</code>` : escape(step)}</li>`).join('')}</ul>`;
  const sites =
    details.sites === undefined
      ? ''
      : `<p>Sites on this machine:</p><ul>${details.sites.map(({ name, host, url }) => `<li><a href="${escape(url)}">${escape(host)}</a> ${escape(name)}</li>`).join('')}</ul>`;
  return { type: 'text/html; charset=utf-8', body: page(details.status, title, who + hint + commands + sites) };
}

const page = (status: number, title: string, content: string): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${status} ${escape(capitalised(title))}</title>
<style>:root{color-scheme:light dark;--ink:#1d1b26;--soft:#5d596b;--paper:#faf8f5;--line:#e6e1d9;--mark:#8a5a00}@media(prefers-color-scheme:dark){:root{--ink:#f2eff7;--soft:#aaa5b8;--paper:#16141c;--line:#34303f;--mark:#f0bd5b}}
body{margin:0;min-height:100vh;display:grid;place-items:center;background:var(--paper);color:var(--ink);font:16px/1.6 system-ui,sans-serif}main{width:min(36rem,90vw);padding:2rem 0}
h1{font-size:1.7rem;line-height:1.2;margin:.3rem 0 1rem}small{color:var(--mark);font-weight:600}p,li{color:var(--soft)}b,a{color:var(--ink)}code{font:.95em ui-monospace,monospace;background:var(--line);color:var(--ink);padding:.15em .45em;border-radius:5px}ul{padding-left:1.2rem}</style></head>
<body><main><small>${status} · Kojibox</small><h1>${escape(capitalised(title))}.</h1>${content}</main></body></html>
`;
