/** The form for a silence: new, changed or made again. */
import { icons } from './icons.ts';
import type { Hits } from './hits.ts';
import { hitsMarkup, verdict } from './hits-view.ts';
import { markup, type Markup } from './markup.ts';
import { asTyped, notice } from './parts-of-pages.ts';
import { DURATIONS, type FormField, type Mistakes, type SilenceForm } from './silence-form.ts';

export interface SilenceFormPage {
  readonly form: SilenceForm;
  readonly mistakes: Mistakes;
  /** Undefined while the matchers can't be read. */
  readonly hits: Hits | undefined;
  /** Canonical text of the matchers that `hits` are of. */
  readonly previewed: string;
  readonly isChange: boolean;
  /** What is special about this round. */
  readonly remark: string | undefined;
  /** Where the form is posted to, from the page shown. */
  readonly action: string;
  readonly root: string;
}

export function silenceFormMain(page: SilenceFormPage): Markup {
  const { form, mistakes, hits, previewed, isChange, remark, action, root } = page;
  const general = mistakes.get('form');
  const links = [...mistakes.keys()].map(
    (name, index) => markup`${index > 0 && ', '}<a href="#${name}">${name}</a>`,
  );
  const rows = Math.min(12, Math.max(3, form.matchers.split('\n').length + 1));
  const verb = isChange ? 'Save silence' : 'Create silence';
  return markup`<h1>${isChange ? 'Edit silence' : 'New silence'}</h1>
${general !== undefined && notice('bad', markup`<p>${general}</p>`)}
${mistakes.size > 0 && general === undefined && notice('bad', markup`<p>Not saved: see ${links}.</p>`)}
${remark !== undefined && notice('warning', markup`<p>${remark}</p>`)}
<form class="silence-form" method="post" action="${action}">
<input type="hidden" name="previewed" value="${previewed}">
${field(
  page,
  'matchers',
  'Matchers',
  'One a line: alertname="DiskFull", instance=~"db.*". All must fit.',
  (
    attributes,
  ) => markup`<textarea id="matchers" name="matchers" rows="${rows}" ${asTyped} required data-search${attributes}>
${form.matchers}</textarea>`,
)}
<div class="columns">
${field(page, 'starts', 'Starts (UTC)', 'Empty: now.', (attributes) => markup`<input id="starts" name="starts" value="${form.starts}" placeholder="now" autocomplete="off"${attributes}>`)}
${field(page, 'duration', 'Duration', 'From its start: 2h, 1d12h.', (attributes) => durationInput(form.duration, attributes))}
${field(page, 'ends', 'or ends (UTC)', 'Instead of a duration: 2026-11-21 14:05.', (attributes) => markup`<input id="ends" name="ends" value="${form.ends}" autocomplete="off"${attributes}>`)}
</div>
<div class="columns">
${field(page, 'author', 'Author', '', (attributes) => markup`<input id="author" name="author" value="${form.author}" required autocomplete="username"${attributes}>`)}
${field(
  page,
  'comment',
  'Comment',
  'Why, and until what has happened.',
  (attributes) => markup`<textarea id="comment" name="comment" rows="2" required${attributes}>
${form.comment}</textarea>`,
)}
</div>
<div role="status" aria-live="polite">${hits === undefined ? markup`<p class="hint">Write matchers, and the preview says what they hit.</p>` : verdict(hits)}</div>
<p class="row"><button class="button primary" name="do" value="save">${icons.silenced}${verb}</button>
<button class="button" name="do" value="preview" formnovalidate>Preview</button></p>
</form>
${hits !== undefined && hits.hit > 0 && markup`<h2 id="hits">What it would hide now</h2>${hitsMarkup(hits, root)}`}`;
}

const durationInput = (value: string, attributes: Markup): Markup =>
  markup`<input id="duration" name="duration" value="${value}" autocomplete="off" list="durations"${attributes}>
<datalist id="durations">${DURATIONS.map((each) => markup`<option>${each}</option>`)}</datalist>
<span class="quick">${DURATIONS.map((each) => markup`<button type="button" class="button" data-duration="${each}" hidden>${each}</button>`)}</span>`;

function field(
  { mistakes }: SilenceFormPage,
  name: FormField,
  label: string,
  hint: string,
  input: (attributes: Markup) => Markup,
): Markup {
  const mistake = mistakes.get(name);
  const attributes = markup` aria-describedby="${name}-help"${mistake !== undefined && markup` aria-invalid="true"`}`;
  const help = markup`${mistake !== undefined && markup`<span class="mistake">${icons.warning}${mistake}</span> `}${hint}`;
  return markup`<div class="field"><label for="${name}">${label}</label>
${input(attributes)}
<p id="${name}-help" class="hint">${help}</p></div>`;
}
