/** The alerts that a silence hits, and what is odd about them. */
import type { Hits } from './hits.ts';
import { nameOf } from './alerts-view.ts';
import { markup, userText, type Markup } from './markup.ts';
import { labelList, notice } from './parts-of-pages.ts';
import { counted } from './words.ts';

export function hitsMarkup({ hit, shown }: Hits, root: string): Markup {
  if (hit === 0) return markup`<p class="empty">None.</p>`;
  const more = hit - shown.length;
  return markup`<ol class="alerts compact">${shown.map(
    ({ labels }) =>
      markup`<li class="alert"><div class="row"><a class="name" href="${root}alerts/${labels.fingerprint}">${userText(nameOf(labels))}</a></div>${labelList(labels.filter((name) => name !== 'alertname'))}</li>`,
  )}</ol>${more > 0 && markup`<p class="quiet">and ${more} more</p>`}`;
}

/** What somebody should know before the silence is made; stands above the button that makes it. */
export function verdict({ hit, firing }: Hits): Markup {
  if (firing === 0) return markup`<p>Nothing fires now, so nothing is hit.</p>`;
  if (hit === 0)
    return notice(
      'warning',
      markup`<p><strong>It hits nothing</strong> of the ${counted(firing, 'alert')} that fire now. Are the matchers right?</p>`,
    );
  if (hit === firing && firing > 1)
    return notice(
      'warning',
      markup`<p><strong>It hits everything</strong>: all ${counted(firing, 'alert')} that fire now.</p>`,
    );
  return markup`<p>It would hide <strong>${counted(hit, 'alert')}</strong> of ${firing} that fire now: see <a href="#hits">which</a>.</p>`;
}
