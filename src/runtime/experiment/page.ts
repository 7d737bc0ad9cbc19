import path from 'node:path'
import sharp from 'sharp'
import type { Picture } from '../data/picture.ts'
import { html, trusted, type Html } from '../report/html.ts'
import { definitionList, factList, pageText } from '../report/page.ts'
import { panelOf } from '../report/panel-of.ts'
import { picturesSection, type Panel } from '../report/panel.ts'
import { drawCurves } from './curves.ts'
import type { ExperimentText } from './experiment.ts'
import { definitionsOf, factsOf } from './facts.ts'
import type { Results } from './results.ts'
import { tablesOf, type BlockTables, type Table } from './tables.ts'

const ownStyle = `
table { margin-bottom: .5rem; }
h3 { margin-top: 1.75rem; }
th button { padding: 0; border: 0; background: none; color: inherit; font: inherit; cursor: pointer; }
th[aria-sort] button::after { content: ' ▲'; }
th[aria-sort='descending'] button::after { content: ' ▼'; }
.group th { text-align: center; border-bottom-color: var(--rule); }
.group th:first-child { border-bottom: 0; }
td small { display: block; color: var(--soft); font-size: .75rem; }
.lead { font-size: 1.0625rem; }
`

/** A column's title sorts by it: the largest first, then the smallest, then as it was. Rows without a number stay below. */
const script = `
for (const table of document.querySelectorAll('table')) {
  const body = table.tBodies[0]
  const original = [...body.rows]
  const heads = [...table.tHead.rows[table.tHead.rows.length - 1].cells]
  heads.forEach((head, column) => head.querySelector('button').addEventListener('click', () => {
    const next = { none: 'descending', descending: 'ascending', ascending: 'none' }[head.getAttribute('aria-sort') ?? 'none']
    for (const other of heads) other.removeAttribute('aria-sort')
    if (next !== 'none') head.setAttribute('aria-sort', next)
    const sign = next === 'descending' ? -1 : 1
    const of = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent
    const compare = (a, b) => {
      const [x, y] = [of(a), of(b)]
      if (x === '' || y === '') return (x === '') - (y === '')
      return sign * (isNaN(x) || isNaN(y) ? String(x).localeCompare(String(y)) : x - y)
    }
    body.append(...(next === 'none' ? original : [...original].sort(compare)))
  }))
}
`

/** The report as text; the pictures that it shows are read from `folder`. */
export async function pageOf(text: ExperimentText, results: Results, folder: string): Promise<string> {
  const blocks: Html[] = []
  let panels = 0
  for (const block of tablesOf(text, results)) {
    const own = await panelsOf(results, block.name, folder)
    blocks.push(await blockSection(block, results, own, panels))
    panels += own.length
  }
  return pageText({
    title: text.title,
    header: html`<h1>${text.title}</h1>
      <p class="lead">${text.concludes.trim()}</p>
      ${
        results.missing.length > 0
          ? html`<p class="notice"><strong>Not run to the end.</strong> Missing: ${results.missing.join('; ')}.</p>`
          : undefined
      }`,
    main: html`${blocks}
      <section>
        <h2>What the numbers are</h2>
        ${definitionsOf(text, results).map(({ of, lines }) => html`${of ? html`<p>${of}:</p>` : undefined} ${definitionList(lines)}`)}
      </section>
      <section>
        <h2>The experiment</h2>
        ${factList(factsOf(text, results))}
      </section>`,
    hasPanels: panels > 0,
    style: ownStyle,
    script,
  })
}

/** A panel for each picture and scale that a block shows, with all of its rows that have one. */
async function panelsOf({ pictures }: Results, block: string, folder: string): Promise<Panel[]> {
  const read = async (file: string): Promise<Picture> => {
    const { data, info } = await sharp(path.join(folder, file)).removeAlpha().raw().toBuffer({ resolveWithObject: true })
    return { data, width: info.width, height: info.height }
  }
  const own = pictures.filter((record) => record.block === block)
  const panels: Panel[] = []
  for (const { picture, m, truth, low } of new Map(own.map((record) => [record.truth, record])).values()) {
    const results = own
      .filter((record) => record.truth === truth)
      .map(async ({ row, computed }) => ({ label: row, picture: await read(computed) }))
    panels.push(
      await panelOf({
        m,
        field: path.basename(picture),
        truth: await read(truth),
        low: await read(low),
        results: await Promise.all(results),
      }),
    )
  }
  return panels
}

async function blockSection(
  { name, note, tables }: BlockTables,
  results: Results,
  panels: readonly Panel[],
  first: number,
): Promise<Html> {
  const curves = await drawCurves(results.trainings.filter(({ block }) => block === name))
  return html`<section>
    <h2>${name}</h2>
    ${note ? html`<p>${note.trim()}</p>` : undefined} ${tables.map(tableSection)} ${picturesSection(panels, 'h3', first)}
    ${
      curves
        ? html`<h3>Training loss</h3>
            <figure class="curve">
              <div role="img" aria-label="Training loss over steps, a line for each training">${trusted(curves)}</div>
              <figcaption>
                Each point is the mean of the steps since the one before. Losses of different systems are not the same quantity.
              </figcaption>
            </figure>`
        : undefined
    }
  </section>`
}

function tableSection({ title, columns, rows, notes }: Table): Html {
  return html`<h3>${title}</h3>
    <div class="scroll">
      <table>
        <thead>
          ${groupRow(columns)}
          <tr>
            ${columns.map((column) => html`<th scope="col"><button type="button">${column.title}</button></th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            ({ name, cells }) =>
              html`<tr>
                <th scope="row">${name}</th>
                ${cells.map(({ text, beside, value, isStrong }) => {
                  const shown = html`${isStrong ? html`<strong>${text}</strong>` : text}${beside ? html`<small>${beside}</small>` : undefined}`
                  return value === undefined ? html`<td>${shown}</td>` : html`<td data-value="${value}">${shown}</td>`
                })}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
    ${notes.map((note) => html`<p class="soft">${note}</p>`)}`
}

/** The groups above the columns, each over all of its own. */
function groupRow(columns: Table['columns']): Html | undefined {
  if (columns.every(({ group }) => group === undefined)) return undefined
  const runs: { group: string; count: number }[] = []
  for (const { group = '' } of columns) {
    const last = runs.at(-1)
    if (last?.group === group) last.count += 1
    else runs.push({ group, count: 1 })
  }
  return html`<tr class="group">
    ${runs.map(({ group, count }) => html`<th colspan="${count}" scope="colgroup">${group}</th>`)}
  </tr>`
}
