/** What every page has: head, navigation, news about this replica, help. And the answers that carry them. */
import type { HttpResponse } from '@tocsin/kernel';
import { scriptPath, stylePath } from './assets.ts';
import { icons } from './icons.ts';
import { markup, type Markup } from './markup.ts';

export type Place = 'alerts' | 'silences' | 'status' | 'new' | undefined;

/** What a reader should know whatever page is open. */
export interface News {
  /** The configuration on disk is not the one that runs. */
  readonly isConfigurationRefused: boolean;
  readonly isSettling: boolean;
}

export interface Page {
  readonly title: string;
  readonly place: Place;
  /** The way back to the first page: `./`, `../` … */
  readonly root: string;
  readonly main: Markup;
}

/** Nothing from elsewhere, nothing inline, no frame around it, forms to ourselves only. */
const SECURITY = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  'X-Content-Type-Options': 'nosniff',
  // Not `no-referrer`: browsers then hide the origin of our own forms too.
  'Referrer-Policy': 'same-origin',
};
const NEVER_KEPT = {
  'Cache-Control': 'no-cache, no-store, must-revalidate',
  Pragma: 'no-cache',
  Expires: '0',
};

export function answerPage(page: Page, news: News, status: number = 200): HttpResponse {
  return {
    status,
    headers: { 'Content-Type': 'text/html; charset=utf-8', ...NEVER_KEPT, ...SECURITY },
    body: documentOf(page, news).text,
  };
}

/** After a write: the browser asks for the result, so that a reload never writes again. */
export function seeOther(location: string, cookie?: string): HttpResponse {
  const headers = { Location: location, ...NEVER_KEPT, ...SECURITY };
  return {
    status: 303,
    headers: cookie === undefined ? headers : { ...headers, 'Set-Cookie': cookie },
    body: '',
  };
}

function documentOf({ title, place, root, main }: Page, news: News): Markup {
  const item = (to: Place, path: string, text: string): Markup =>
    markup`<li><a href="${root}${path}"${place === to ? markup` aria-current="page"` : undefined}>${text}</a></li>`;
  return markup`<!doctype html>
<html lang="en" data-root="${root}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · Tocsin</title>
<script src="${root}${scriptPath}"></script>
<link rel="stylesheet" href="${root}${stylePath}">
<link rel="icon" href="${root}favicon.ico" type="image/svg+xml">
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header class="top"><div class="wide">
<a class="brand" href="${root}alerts">${icons.bell}<span>Tocsin</span></a>
<nav aria-label="Pages"><ul>
${item('alerts', 'alerts', 'Alerts')}
${item('silences', 'silences', 'Silences')}
${item('status', 'status', 'Status')}
</ul></nav>
<a class="button new-silence" href="${root}silences/new"${place === 'new' ? markup` aria-current="page"` : undefined}>New silence</a>
</div></header>
${newsOf(news, root)}
<main id="main" class="wide" tabindex="-1">
${main}
</main>
<footer class="wide"><p><a href="${root}status">Status of this replica</a>
<button type="button" class="plain" data-shows-keys hidden>Keys <kbd>?</kbd></button></p></footer>
${help}
</body>
</html>
`;
}

const newsOf = ({ isConfigurationRefused, isSettling }: News, root: string): Markup =>
  markup`${
    isConfigurationRefused &&
    markup`<div class="notice bad wide" role="alert">${icons.warning}
<p>The configuration on disk was refused; the one before still runs. <a href="${root}status#configuration">See why</a></p></div>`
  }${
    isSettling &&
    markup`<div class="notice wide" role="status">${icons.pending}
<p>This replica is joining its cluster: it sends notifications when it knows what its peers have sent.</p></div>`
  }`;

const KEYS: readonly (readonly [key: string, does: string])[] = [
  ['/', 'go to the search'],
  ['j', 'next alert or silence'],
  ['k', 'the one before'],
  ['s', 'silence the alert that has the focus'],
  ['n', 'new silence'],
  ['?', 'these keys'],
  ['Esc', 'close'],
];

const help = markup`<dialog id="keys" aria-labelledby="keys-title">
<h2 id="keys-title">Keys</h2>
<dl class="keys">${KEYS.map(([key, does]) => markup`<div><dt><kbd>${key}</kbd></dt><dd>${does}</dd></div>`)}</dl>
<form method="dialog"><button>Close</button></form>
</dialog>`;

/** A page that only says something. */
export const sayingPage = (root: string, title: string, text: string): Page => ({
  title,
  place: undefined,
  root,
  main: markup`<h1>${title}</h1><p class="empty">${text}</p><p><a href="${root}alerts">All alerts</a> · <a href="${root}silences">All silences</a></p>`,
});
