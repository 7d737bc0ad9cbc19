/** The style sheet of the page: light and dark, narrow and wide, on screen and on paper. */
export const style = `
:root {
  color-scheme: light dark;
  --page: #fff; --ink: #1b1f24; --soft: #59636e; --rule: #d8dee4; --panel: #f6f8fa;
  --accent: #0a5c94; --point: #7aa6c8; --line: #0a5c94; --notice: #fff4d6; --notice-rule: #b97a00; --notice-ink: #4d3500;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0f1318; --ink: #e3e8ee; --soft: #9aa5b1; --rule: #2b333d; --panel: #171d24;
    --accent: #6cb6f0; --point: #4d7898; --line: #6cb6f0; --notice: #2c2410; --notice-rule: #d09a2a; --notice-ink: #f2dca6;
  }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.5rem 4rem; max-width: 1152px; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
h1 { margin: 0 0 .75rem; font-size: 1.75rem; line-height: 1.2; text-wrap: balance; }
h2 { margin: 3rem 0 1rem; font-size: 1.25rem; line-height: 1.3; }
h3 { margin: 0 0 .75rem; font-size: 1rem; }
h3 span { margin-left: .5rem; color: var(--soft); font-weight: 400; overflow-wrap: anywhere; }
p { margin: 0 0 .75rem; max-width: 80ch; }
.notice { margin: 0; padding: .5rem .875rem; max-width: none; border-left: 4px solid var(--notice-rule); background: var(--notice); color: var(--notice-ink); }
.notice ul { margin: .25rem 0 0; padding-left: 1.25rem; }
.notice + .notice { margin-top: .5rem; }
.soft { color: var(--soft); font-size: .875rem; }

.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .375rem 1rem; border-bottom: 1px solid var(--rule); text-align: right; white-space: nowrap; }
th { font-weight: 500; }
thead th { color: var(--soft); font-size: .875rem; vertical-align: bottom; border-bottom: 1px solid var(--soft); }
th:first-child, td:first-child { padding-left: 0; text-align: left; }
td strong { font-weight: 650; }

.panel { margin: 0 0 2.5rem; }
.row { display: grid; grid-template-columns: repeat(var(--columns), minmax(0, var(--width))); gap: .75rem 1rem; }
.column { display: grid; grid-row: span 2; grid-template-rows: subgrid; }
.column figure { align-self: end; margin: 0; }
figcaption { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 .5rem; margin-bottom: .25rem; font-size: .875rem; line-height: 1.35; }
figcaption b { font-weight: 600; }
figcaption span { color: var(--soft); font-variant-numeric: tabular-nums; }
.picture { display: block; width: 100%; margin: 0; padding: 0; border: 0; background: none; cursor: zoom-in; }
.picture img { display: block; width: 100%; height: auto; aspect-ratio: var(--ratio); }
.pixelated { image-rendering: pixelated; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.legend { margin-top: 1.625rem; font-size: .8125rem; line-height: 1.4; }
.legend .bar { height: .875rem; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
.legend .ticks { display: flex; justify-content: space-between; font-variant-numeric: tabular-nums; }
.legend p { margin: .25rem 0 0; color: var(--soft); }

.curve { margin: 0; }
.curve svg { display: block; width: 100%; max-width: 1040px; height: auto; }
.curve figcaption { display: block; margin: .25rem 0 0; color: var(--soft); }

dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .25rem 1.5rem; margin: 0; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
.definitions { margin: 0; padding-left: 1.25rem; max-width: 80ch; }
.definitions li { margin-bottom: .375rem; }

dialog { --accent: #6cb6f0; width: 100vw; height: 100vh; max-width: none; max-height: none; margin: 0; padding: 0; border: 0; background: #101418; color: #e8edf2; overflow: hidden; }
dialog[open] { display: grid; grid-template-rows: auto minmax(0, 1fr); }
dialog header { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem .75rem; padding: .5rem .75rem; }
dialog header p { flex: 1; margin: 0; max-width: none; font-size: .9375rem; }
dialog nav { display: flex; flex-wrap: wrap; gap: .375rem; }
dialog button { padding: .3125rem .75rem; border: 1px solid #58646f; border-radius: 4px; background: #1d242b; color: inherit; font: inherit; font-size: .875rem; cursor: pointer; }
dialog button:hover { background: #2b353f; }
dialog button[aria-pressed='true'] { border-color: #6cb6f0; background: #123a58; }
.stage { display: grid; gap: .5rem; padding: 0 .5rem .5rem; min-height: 0; }
.stage figure { display: grid; grid-template-rows: auto minmax(0, 1fr); margin: 0; min-height: 0; }
.stage figure[hidden] { display: none; }
.stage figcaption { display: block; margin: 0 0 .125rem; overflow: hidden; color: #aeb8c2; font-size: .8125rem; white-space: nowrap; text-overflow: ellipsis; }
.stage figure > div { cursor: grab; }

@media (max-width: 52rem) {
  .row { grid-template-columns: repeat(2, minmax(0, var(--width))); }
  /* Of an odd number the first, the LR picture, has a row of its own: the last, the ground truth, has one beside it to be held against. */
  .column:first-child:nth-last-child(odd) { grid-column: 1 / -1; width: min(var(--width), (100% - 1rem) / 2); }
}
@media (max-width: 40rem) {
  body { padding: 1rem 1rem 3rem; }
  th, td { padding: .375rem .625rem; }
}
@page { margin: 14mm; }
@media print {
  :root { color-scheme: light; --page: #fff; --ink: #000; --soft: #444; --rule: #bbb; --line: #0a5c94; --point: #7aa6c8; --notice: #fff; --notice-ink: #000; }
  body { padding: 0; max-width: none; font-size: 10pt; }
  .row { grid-template-columns: repeat(var(--columns), minmax(0, 1fr)); gap: 6pt 8pt; }
  figcaption, .legend, .soft { font-size: 8pt; }
  table { font-size: 9pt; }
  thead th { font-size: 8pt; white-space: normal; }
  th, td { padding: 3pt 8pt; }
  h2 { margin: 18pt 0 6pt; }
  .panel { margin-bottom: 12pt; }
  .panel, .curve, table, dl, .notice { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  .screen { display: none; }
}
`
