/** One style sheet, light and dark, from a phone to a wall. Contrast is AA or better in both. */
export const styleText = `:root {
  color-scheme: light dark;
  --page: #f4f5f7; --card: #fff; --text: #1b1f24; --quiet: #535c67; --line: #d3d8de; --soft: #eceff2;
  --link: #0b55c4; --primary: #0b55c4; --on-primary: #fff; --focus: #0b55c4;
  --active: #b42318; --silenced: #5b3cc4; --inhibited: #8a4a00; --muted: #47566b; --good: #0f6b3c;
  --warn-back: #fff4e0; --warn-line: #e0a84a; --bad-back: #fdecea; --bad-line: #e08078; --good-back: #e6f5ec; --good-line: #7cc39a;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0f1216; --card: #171b21; --text: #e4e8ec; --quiet: #a2acb8; --line: #303842; --soft: #222831;
    --link: #85b6ff; --primary: #85b6ff; --on-primary: #0b1626; --focus: #ffd166;
    --active: #ff8f85; --silenced: #bda6ff; --inhibited: #f2b660; --muted: #a9b8ca; --good: #74d19f;
    --warn-back: #2e2414; --warn-line: #8a6420; --bad-back: #331a19; --bad-line: #8f403a; --good-back: #14291d; --good-line: #2f7a50;
  }
}
* { box-sizing: border-box; }
html { font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; background: var(--page); color: var(--text); -webkit-text-size-adjust: 100%; }
body { margin: 0; min-height: 100vh; }
h1, h2, h3, p, ul, ol, dl, dd, fieldset, pre { margin: 0; padding: 0; }
h1 { font-size: 1.4rem; line-height: 1.25; overflow-wrap: anywhere; }
h2 { font-size: 1.05rem; }
h3 { font-size: 1rem; }
ul, ol { list-style: none; }
a { color: var(--link); text-underline-offset: 2px; }
a:not(:hover) { text-decoration-thickness: 1px; }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; border-radius: 3px; }
main:focus-visible, main:focus { outline: none; }
code, kbd, pre, textarea#matchers, .label, .chip { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .87rem; }
kbd { border: 1px solid var(--line); border-bottom-width: 2px; border-radius: 4px; padding: 0 .35em; background: var(--card); }
.wide { max-width: 90rem; margin-inline: auto; padding-inline: 1rem; }
.quiet, .hint { color: var(--quiet); }
.hint { font-size: .87rem; }
.icon { flex: none; vertical-align: -.18em; margin-inline-end: .35em; }
.knockout { stroke: var(--card); }
.skip { position: absolute; left: -100vw; top: 0; padding: .5rem 1rem; background: var(--card); z-index: 1; }
.skip:focus { left: 0; }

.top { background: var(--card); border-bottom: 1px solid var(--line); }
.top .wide { display: flex; align-items: center; gap: .25rem 1.25rem; min-height: 3rem; flex-wrap: wrap; padding-block: .3rem; }
.brand { display: inline-flex; align-items: center; font-weight: 700; color: var(--text); text-decoration: none; }
.brand .icon { color: var(--active); width: 20px; height: 20px; }
.top nav { flex: 1; }
.top nav ul { display: flex; gap: .25rem; }
.top nav a { display: block; padding: .35rem .65rem; border-radius: 5px; color: var(--text); text-decoration: none; }
.top nav a:hover { background: var(--soft); }
.top nav a[aria-current] { background: var(--soft); font-weight: 600; box-shadow: inset 0 -2px var(--primary); }
main { display: grid; gap: 1rem; padding-block: 1.1rem 2rem; grid-template-columns: minmax(0, 1fr); }
footer p { padding-block: .5rem 1.5rem; color: var(--quiet); display: flex; gap: 1rem; align-items: center; flex-wrap: wrap; }

.button, dialog button { display: inline-flex; align-items: center; border: 1px solid var(--line); border-radius: 5px; background: var(--card); color: var(--text); font: inherit; padding: .3rem .7rem; min-height: 2.1rem; text-decoration: none; cursor: pointer; }
.button:hover, dialog button:hover { background: var(--soft); }
.button.primary, .new-silence { background: var(--primary); border-color: var(--primary); color: var(--on-primary); font-weight: 600; }
.button.primary:hover, .new-silence:hover { background: var(--primary); filter: brightness(1.1); }
.button.danger { border-color: var(--active); color: var(--active); font-weight: 600; }
.button.off { color: var(--quiet); cursor: default; background: none; }
button.plain { border: 0; background: none; color: inherit; font: inherit; padding: 0; cursor: pointer; }
[hidden] { display: none !important; }

input, select, textarea { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--quiet); border-radius: 5px; padding: .3rem .55rem; min-height: 2.1rem; max-width: 100%; }
input::placeholder { color: var(--quiet); opacity: 1; }
[aria-invalid] { border-color: var(--active); border-width: 2px; }
label, legend { font-weight: 600; font-size: .87rem; }
fieldset { border: 0; min-width: 0; }
.field { display: grid; gap: .2rem; align-content: start; min-width: 0; }
.field > input, .field > textarea { width: 100%; }
.grow { flex: 1 1 22rem; }
.mistake { color: var(--active); font-weight: 600; white-space: pre-wrap; overflow-wrap: anywhere; }
.mistake .icon { vertical-align: -.2em; }

.filter { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .8rem 1rem; display: flex; flex-wrap: wrap; gap: .7rem 1rem; align-items: flex-start; }
.filter > .field:has(> .button) { align-self: flex-start; padding-top: 1.45rem; }
.filter select { max-width: 16rem; }
.filter fieldset { flex: 1 1 100%; order: 1; display: flex; flex-wrap: wrap; gap: .3rem 1.1rem; align-items: center; }
.filter legend { float: left; padding-inline-end: .3rem; }
.only-by-labels { display: none; }
form:has(#custom option[value=true]:checked) .only-by-labels { display: grid; }
.chips { display: flex; flex-wrap: wrap; gap: .3rem; }
.chips > input { flex: 1 1 12rem; min-width: 0; }
.chip { display: inline-flex; align-items: center; max-width: 100%; background: var(--soft); border: 1px solid var(--line); border-radius: 5px; padding-inline-start: .5rem; overflow-wrap: anywhere; }
.chip a { display: inline-grid; place-content: center; min-width: 1.9rem; min-height: 1.9rem; color: var(--text); text-decoration: none; font-size: 1.1rem; }
.chip a:hover { background: var(--line); }
.box { display: inline-flex; align-items: center; font-weight: 400; font-size: 1rem; min-height: 1.7rem; }
.box input { min-height: 0; width: 1.05rem; height: 1.05rem; margin: 0 .4rem 0 0; accent-color: var(--primary); }
.count { color: var(--quiet); font-variant-numeric: tabular-nums; margin-inline-start: .35em; }

.summary { display: flex; flex-wrap: wrap; gap: .4rem 1rem; align-items: center; justify-content: space-between; }
.empty { background: var(--card); border: 1px dashed var(--line); border-radius: 8px; padding: 1.1rem; color: var(--quiet); overflow-wrap: anywhere; }
.empty .icon { color: var(--good); }
.notice { display: flex; gap: .3rem; align-items: flex-start; border: 1px solid var(--warn-line); background: var(--warn-back); border-radius: 8px; padding: .6rem .8rem; overflow-wrap: anywhere; }
.notice.wide { border-radius: 0; max-width: none; padding-inline: max(1rem, calc((100vw - 90rem) / 2 + 1rem)); border-width: 0 0 1px; }
.notice .icon { margin-top: .2em; color: var(--inhibited); }
.notice.bad { background: var(--bad-back); border-color: var(--bad-line); }
.notice.bad .icon { color: var(--active); }
.notice.good { background: var(--good-back); border-color: var(--good-line); }
.notice.good .icon { color: var(--good); }
.notice > div { min-width: 0; }

.row { display: flex; flex-wrap: wrap; align-items: center; gap: .3rem .7rem; }
.state { display: inline-flex; align-items: center; vertical-align: bottom; font-weight: 600; white-space: nowrap; }
.state .icon { margin-inline-end: .3em; }
.active { color: var(--active); } .silenced { color: var(--silenced); } .inhibited { color: var(--inhibited); } .muted { color: var(--muted); } .good { color: var(--good); }
.box .icon { color: var(--quiet); }

.group { display: grid; gap: .4rem; }
.group > header { display: flex; flex-wrap: wrap; gap: .3rem 1rem; align-items: baseline; justify-content: space-between; }
.group h2 { font-weight: 600; min-width: 0; }
.group h2 .label { font-size: .95rem; font-weight: 600; }
.alerts, .silences { background: var(--card); border: 1px solid var(--line); border-radius: 8px; overflow: hidden; }
.alerts > li, .silences > li { display: grid; gap: .3rem; padding: .55rem .9rem; border-inline-start: 4px solid transparent; min-width: 0; }
.alerts > li + li, .silences > li + li { border-top: 1px solid var(--line); }
.alerts > li:focus-within, .silences > li:focus-within { background: color-mix(in srgb, var(--soft) 45%, var(--card)); }
.alerts > .severe, .detail.severe { border-inline-start-color: var(--active); }
.alerts > .worth, .detail.worth { border-inline-start-color: var(--warn-line); }
.detail { display: grid; gap: .6rem; background: var(--card); border: 1px solid var(--line); border-inline-start: 4px solid var(--line); border-radius: 8px; padding: .9rem 1rem; }
.alert h3, .silence h2 { font-size: 1rem; min-width: 0; overflow-wrap: anywhere; }
.name { color: var(--text); font-weight: 650; }
.actions { margin-inline-start: auto; display: inline-flex; gap: .2rem .9rem; flex-wrap: wrap; align-items: center; }
.actions a:not(.button) { padding-block: .15rem; }
.by { color: var(--quiet); }
.labels { display: flex; flex-wrap: wrap; gap: .25rem .35rem; min-width: 0; }
.labels li { min-width: 0; max-width: 100%; }
.label { display: inline-block; max-width: 100%; overflow-wrap: anywhere; background: var(--soft); color: var(--text); border-radius: 4px; padding: .05rem .4rem; text-decoration: none; }
a.label:hover { text-decoration: underline; }
.label-name { color: var(--quiet); }
.or { color: var(--quiet); }
.annotations { display: grid; gap: .1rem; }
.annotations > div, .facts > div { display: grid; grid-template-columns: minmax(6rem, 9rem) minmax(0, 1fr); gap: .8rem; }
.annotations dt, .facts dt { color: var(--quiet); overflow-wrap: anywhere; }
.annotations dd, .facts dd, .comment { white-space: pre-wrap; overflow-wrap: anywhere; }
.facts { display: grid; gap: .25rem; }
.facts .state { white-space: nowrap; }
.comment { font-size: 1.1rem; }
.compact > li { padding-block: .35rem; }
.plain li { overflow-wrap: anywhere; }

.tabs ul { display: flex; gap: .25rem; border-bottom: 1px solid var(--line); }
.tabs a { display: block; padding: .45rem .9rem; color: var(--text); text-decoration: none; border-bottom: 3px solid transparent; }
.tabs a:hover { background: var(--soft); }
.tabs a[aria-current] { border-color: var(--primary); font-weight: 600; }
.pager { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; }

.silence-form { display: grid; gap: .9rem; background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 1rem; }
.silence-form textarea { resize: vertical; }
.columns { display: grid; gap: .9rem 1.2rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 16rem), 1fr)); }
.quick { display: flex; flex-wrap: wrap; gap: .3rem; }
.quick .button { min-height: 1.8rem; padding: .1rem .6rem; }
.preview { display: grid; gap: .6rem; }
.inline fieldset { display: flex; flex-wrap: wrap; gap: .4rem; align-items: center; }
.inline legend { margin-bottom: .3rem; }
.inline .hint { flex-basis: 100%; }
details > summary { list-style: none; }
details > summary::-webkit-details-marker { display: none; }
.sure { display: flex; flex-wrap: wrap; gap: .5rem .8rem; align-items: center; margin-top: .5rem; }

table { border-collapse: collapse; width: 100%; background: var(--card); }
caption { text-align: start; color: var(--quiet); padding-bottom: .3rem; }
th, td { text-align: start; vertical-align: top; padding: .35rem .7rem; border: 1px solid var(--line); overflow-wrap: anywhere; }
td:nth-child(2) { overflow-wrap: normal; }
td:first-child { white-space: nowrap; font-variant-numeric: tabular-nums; }
th { color: var(--quiet); font-weight: 600; }
.scroll { overflow-x: auto; }
pre { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .8rem 1rem; overflow: auto; max-height: 40rem; }
pre.mistake { white-space: pre-wrap; border: 0; background: none; padding: 0; }
dialog { border: 1px solid var(--line); border-radius: 8px; background: var(--card); color: var(--text); padding: 1rem 1.3rem; }
dialog::backdrop { background: rgb(0 0 0 / .45); }
.keys { display: grid; gap: .3rem; margin-block: .7rem 1rem; }
.keys > div { display: grid; grid-template-columns: 3rem 1fr; }

@media (max-width: 40rem) {
  .wide { padding-inline: .75rem; }
  .top .wide { gap: .2rem .6rem; }
  .top nav { order: 1; flex-basis: 100%; }
  .new-silence { margin-inline-start: auto; }
  .annotations > div, .facts > div { grid-template-columns: minmax(0, 1fr); gap: 0; }
  .annotations > div + div, .facts > div + div { margin-top: .25rem; }
  .actions { margin-inline-start: 0; flex-basis: 100%; }
  .actions a:not(.button) { padding-block: .35rem; }
  main { gap: .75rem; padding-top: .75rem; }
  .filter { padding: .6rem .75rem; gap: .5rem .75rem; }
  .filter > .field:has(> .button) { padding-top: 0; order: 2; flex: 1 1 100%; }
  .filter > .field > .button { justify-content: center; }
  .filter .hint:not(:has(.mistake)) { display: none; }
  .filter fieldset { display: grid; grid-template-columns: 1fr 1fr; gap: .1rem .5rem; }
  .filter legend { position: absolute; clip-path: inset(50%); }
  .filter select { max-width: 100%; }
}
@media (prefers-reduced-motion: reduce) { * { animation: none !important; transition: none !important; scroll-behavior: auto !important; } }
@media print { .top nav, .filter, .actions, .pager, footer, .new-silence { display: none; } }
`;
