// The one stylesheet and the mark of the pages. Served from our own origin, for the pages' policy allows nothing else.

export const STYLE = `
:root {
  color-scheme: light dark;
  --page: light-dark(#f6f7f5, #121514);
  --card: light-dark(#ffffff, #1b1f1e);
  --text: light-dark(#1a201e, #e8ecea);
  --muted: light-dark(#55605c, #a3afaa);
  --line: light-dark(#dde2df, #323a37);
  --field: light-dark(#ffffff, #141817);
  --field-line: light-dark(#7d8984, #75827d);
  --accent: light-dark(#0b6b5d, #63d2bd);
  --on-accent: light-dark(#ffffff, #06231e);
  --accent-soft: light-dark(#e4f3ef, #17322d);
  --warn: light-dark(#7a4a00, #f3c27a);
  --warn-soft: light-dark(#fdf3e0, #33270f);
  --bad: light-dark(#a1201c, #ff9d96);
  --bad-soft: light-dark(#fdeceb, #3a1a18);
}
*, *::before, *::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
[hidden] { display: none !important; }
body {
  margin: 0;
  min-height: 100vh;
  background: var(--page);
  color: var(--text);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", Ubuntu, Cantarell, sans-serif;
  overflow-wrap: anywhere;
}
a { color: var(--accent); text-underline-offset: .15em; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: .3rem; }
/* Beyond where a line begins: a page cannot be scrolled there in either direction of writing. */
.skip { position: absolute; inset-inline-start: -999rem; }
.skip:focus { inset-inline-start: 1rem; top: 1rem; z-index: 1; background: var(--card); padding: .5rem 1rem; }
header.top {
  display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: .5rem 1.5rem;
  max-width: 62rem; margin: 0 auto; padding: 1.1rem 1.25rem;
}
.brand {
  display: inline-flex; align-items: center; gap: .55rem;
  color: var(--text); font-weight: 650; font-size: 1.1rem; letter-spacing: -.01em; text-decoration: none;
}
.brand svg { width: 1.7rem; height: 1.7rem; color: var(--accent); }
.who { display: flex; flex-wrap: wrap; align-items: center; gap: .35rem 1rem; color: var(--muted); font-size: .95rem; }
main { max-width: 62rem; margin: 0 auto; padding: .5rem 1.25rem 4rem; }
main.narrow { max-width: 29.5rem; padding-top: min(6vh, 3rem); }
h1 { font-size: 1.6rem; line-height: 1.25; letter-spacing: -.015em; margin: 0 0 .75rem; text-wrap: balance; }
h2 { font-size: 1.1rem; line-height: 1.35; margin: 0 0 .75rem; }
p { margin: 0 0 .9rem; text-wrap: pretty; }
.lead { color: var(--muted); margin-bottom: 1.4rem; }
.card {
  background: var(--card); border: 1px solid var(--line); border-radius: .9rem;
  padding: 1.6rem; margin: 0 0 1.25rem;
}
.card > :last-child, .card form > :last-child { margin-bottom: 0; }
.card > h2:not(:first-child) { margin-top: 1.6rem; }
.grid { display: grid; gap: 0 1.25rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); align-items: start; }
.small { font-size: .9rem; color: var(--muted); }
.under { text-align: center; color: var(--muted); }
label, .label { display: block; font-weight: 600; margin: 0 0 .3rem; }
.hint { color: var(--muted); font-size: .9rem; margin: .3rem 0 0; }
.field { margin: 0 0 1.1rem; }
input:not([type=checkbox]), select, textarea {
  width: 100%; font: inherit; color: inherit; background: var(--field);
  border: 1px solid var(--field-line); border-radius: .5rem; padding: .6rem .75rem; height: 2.9rem;
}
textarea { height: 12rem; resize: vertical; font: .92rem/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; }
input[aria-invalid=true], textarea[aria-invalid=true] { border-color: var(--bad); box-shadow: 0 0 0 1px var(--bad); }
button, a.button {
  display: inline-block; font: inherit; font-weight: 600; cursor: pointer; min-height: 2.9rem; padding: .65rem 1.15rem;
  text-align: center; text-decoration: none; border-radius: .5rem; border: 1px solid var(--accent); background: var(--accent); color: var(--on-accent);
}
button:hover, a.button:hover { filter: brightness(1.08); }
button.second, a.button.second { background: transparent; color: var(--text); border-color: var(--field-line); }
button.plain {
  background: none; border: 0; padding: .25rem 0; min-height: 1.75rem; color: var(--accent); font-weight: 500;
  text-decoration: underline; text-underline-offset: .15em;
}
button.wide, a.wide { width: 100%; }
.buttons { display: flex; flex-wrap: wrap; gap: .75rem; margin-top: 1.4rem; }
.buttons button { flex: 1 1 9rem; }
form.inline { display: inline; }
.row { display: flex; flex-wrap: wrap; gap: .75rem; align-items: flex-end; }
.row .field { flex: 1 1 12rem; margin: 0; }
.row .field.short { flex: 0 1 9rem; }
.note { border-radius: .6rem; padding: .75rem 1rem; margin: 0 0 1.1rem; background: var(--accent-soft); }
.note.warn { background: var(--warn-soft); color: var(--warn); }
.note.bad { background: var(--bad-soft); color: var(--bad); font-weight: 550; }
ul.rights { list-style: none; margin: 0 0 1.1rem; padding: 0; }
ul.rights li { display: flex; gap: .7rem; padding: .55rem 0; border-top: 1px solid var(--line); }
ul.rights li:last-child { border-bottom: 1px solid var(--line); }
ul.rights svg { flex: none; width: 1.2rem; height: 1.2rem; margin-top: .18rem; color: var(--accent); }
details { margin: 0 0 1.1rem; }
summary { cursor: pointer; color: var(--accent); font-weight: 550; padding: .2rem 0; }
.check { display: flex; gap: .65rem; align-items: flex-start; font-weight: 400; padding: .35rem 0; margin: 0; }
.check .hint { display: block; margin: 0; }
.check input { width: 1.15rem; height: 1.15rem; margin: .2rem 0 0; accent-color: var(--accent); flex: none; }
dl.facts { display: grid; grid-template-columns: auto 1fr; gap: .4rem 1.1rem; margin: 0 0 1.2rem; }
dl.facts dt { color: var(--muted); }
dl.facts dd { margin: 0; }
dl.facts button.plain { display: block; }
fieldset { border: 0; margin: .5rem 0 0; padding: 0; }
fieldset + * { margin-top: .9rem; }
legend { padding: 0; color: var(--muted); }
ul.rows { list-style: none; margin: 0 0 1.1rem; padding: 0; }
ul.rows li {
  display: flex; justify-content: space-between; align-items: center; gap: .25rem 1rem;
  border-top: 1px solid var(--line); padding: .6rem 0;
}
ul.rows li:last-child { padding-bottom: 0; }
ul.rows .main { min-width: 0; }
ul.rows .sub { display: block; color: var(--muted); font-size: .9rem; }
ul.rows .end { flex: none; color: var(--muted); }
table { width: 100%; border-collapse: collapse; }
th, td { text-align: start; vertical-align: top; padding-block: .55rem; padding-inline: 0 .75rem; border-bottom: 1px solid var(--line); }
tr:last-child > * { border-bottom: 0; }
td.time { color: var(--muted); }
iframe.mail { display: block; width: 100%; height: 42rem; margin: 0 0 1.25rem; border: 1px solid var(--line); border-radius: .9rem; background: var(--card); }
pre { margin: 0; white-space: pre-wrap; font: .92rem/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; }
ul.apps { list-style: none; margin: 0; padding: 0; }
.app { display: flex; flex-wrap: wrap; justify-content: space-between; align-items: start; gap: 1rem 1.5rem; }
.app > :first-child { flex: 1 1 20rem; min-width: 0; }
.app h2 { margin: 0 0 .15rem; }
.app ul.rights { margin: 0; font-size: .95rem; }
code { direction: ltr; unicode-bidi: isolate; }
code, .code { font: .92em/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; }
.code { display: block; background: var(--page); border: 1px solid var(--line); border-radius: .5rem; padding: .6rem .75rem; margin: 0 0 .9rem; user-select: all; }
.head { display: flex; flex-wrap: wrap; align-items: end; justify-content: space-between; gap: .75rem 1.5rem; margin: 1rem 0 1.5rem; }
.head h1 { margin: 0; }
legend.label { color: inherit; }
.choices { display: grid; gap: 0 1.25rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 15rem), 1fr)); }
.hint.wrong { color: var(--bad); font-weight: 550; }
.filter { display: flex; flex-wrap: wrap; gap: .35rem 1.1rem; margin: 0 0 1rem; }
.filter a[aria-current] { color: inherit; font-weight: 650; text-decoration: none; }
.panel th { font-weight: 600; }
.panel thead th { color: var(--muted); font-size: .9rem; font-weight: 400; }
.panel td, .panel thead th { min-width: 6.2rem; }
/* Many columns need more room than forms and cards do. */
body:has(table.panel) :is(header.top, main.wide) { max-width: 80rem; }
th code { overflow-wrap: normal; }
.panel .actions { padding-inline-end: 0; }
.panel .actions > div { display: flex; flex-wrap: wrap; align-items: baseline; gap: .1rem 1rem; }
details.ask { margin: 0; }
details.ask summary { padding: .25rem 0; font-weight: 500; }
details.ask p { margin: .3rem 0 .6rem; }
@media (max-width: 75rem) {
  table.panel, .panel tbody, .panel tr, .panel th, .panel td { display: block; }
  .panel thead { position: absolute; inset-inline-start: -999rem; }
  .panel tbody tr { border-bottom: 1px solid var(--line); padding: .6rem 0; }
  .panel tbody tr:last-child { border-bottom: 0; }
  .panel th, .panel td { border: 0; padding: .1rem 0; }
  .panel td:not(.actions)::before { content: attr(data-label) ": "; color: var(--muted); }
}
@media (max-width: 30rem) {
  .card { padding: 1.15rem; }
  dl.facts { grid-template-columns: 1fr; gap: 0; }
  dl.facts dd { margin-bottom: .6rem; }
}
@media (prefers-reduced-motion: no-preference) { button { transition: filter .12s; } }
@media (forced-colors: active) { button { border: 1px solid ButtonText; } }
`.trim()

/** Two arrows that follow each other round. */
export const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" fill="none" stroke="#0b6b5d" stroke-width="3.2" stroke-linecap="round" stroke-linejoin="round"><path d="M5 17a9 9 0 0 1 9-9h11"/><path d="m20.500 3.500 5 4.500-5 4.500"/><path d="M27 15a9 9 0 0 1-9 9H7"/><path d="m11.500 28.500-5-4.500 5-4.500"/></svg>`
