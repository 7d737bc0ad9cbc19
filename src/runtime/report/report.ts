import path from 'node:path'
import { writeAtomic } from '../files/atomic.ts'
import { decibels } from '../metrics/mean.ts'
import { html, type Html, trusted } from './html.ts'
import { drawLossCurve, type LossCurve, type LossPoint } from './loss-curve.ts'
import { definitionList, factList, pageText } from './page.ts'
import { type Panel, picturesSection } from './panel.ts'

export type { LossPoint } from './loss-curve.ts'
export type { Image, Panel, PanelPicture } from './panel.ts'

/** A table of measurements, a row a scale. */
export interface EvaluationTable {
  /** The first names the rows; others as `PSNR Bicubic` or `SSIM ISTE`: those that begin with the same measure are compared. */
  readonly columns: readonly string[]
  /** Numbers get two decimals, four in SSIM columns, none needless in the first; texts stand as they are. */
  readonly rows: readonly (readonly (string | number)[])[]
}

/** What the page of a run shows. */
export interface Report {
  /** Where `index.html` goes; made when absent. */
  readonly folder: string
  readonly title: string
  /** What was run: names and values, in order. */
  readonly facts: readonly (readonly [string, string])[]
  readonly losses: readonly LossPoint[]
  readonly evaluation: EvaluationTable
  readonly panels: readonly Panel[]
  /** How each number is defined. */
  readonly definitions: readonly string[]
  /** What the reader must know before believing the page. */
  readonly warnings: readonly string[]
}

/** The measure that a column shows, where higher is better. */
function measureOf(column: string): string | undefined {
  return /^(PSNR|SSIM)\b/.exec(column)?.[1]
}

function cellText(column: string, value: string | number, first: boolean): string {
  if (typeof value === 'string') return value
  if (first) return `×${Number(value.toFixed(2))}`
  return measureOf(column) === 'SSIM' ? value.toFixed(4) : decibels(value)
}

function evaluationRow(columns: readonly string[], row: readonly (string | number)[]): Html {
  const best = (measure: string): number =>
    Math.max(
      ...row.map((value, index) =>
        typeof value === 'number' && measureOf(columns[index] ?? '') === measure ? value : -Infinity,
      ),
    )
  const cells = row.map((value, index) => {
    const column = columns[index] ?? ''
    const text = cellText(column, value, index === 0)
    if (index === 0) return html`<th scope="row">${text}</th>`
    const measure = measureOf(column)
    const wins =
      measure !== undefined && value === best(measure) && columns.filter((other) => measureOf(other) === measure).length > 1
    return wins ? html`<td><strong>${text}</strong></td>` : html`<td>${text}</td>`
  })
  return html`<tr>
    ${cells}
  </tr>`
}

function evaluationSection({ columns, rows }: EvaluationTable): Html | undefined {
  if (rows.length === 0) return undefined
  return html`<section>
    <h2>Evaluation</h2>
    <div class="scroll">
      <table>
        <thead>
          <tr>
            ${columns.map((column) => html`<th scope="col">${column}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows.map((row) => evaluationRow(columns, row))}
        </tbody>
      </table>
    </div>
    <p class="soft">The higher value of each measure is in bold. Definitions below.</p>
  </section>`
}

function lossSection(curve: LossCurve | undefined): Html | undefined {
  if (curve === undefined) return undefined
  return html`<section>
    <h2>Training loss</h2>
    <figure class="curve">
      <div role="img" aria-label="${curve.summary}">${trusted(curve.svg)}</div>
      <figcaption>${curve.caption}</figcaption>
    </figure>
  </section>`
}

const notice: Html = html`<p class="notice">
  <strong>Computed by a network: for research, not for diagnosis.</strong> Super-resolution invents texture that was not in the
  picture.
</p>`

function warningList(warnings: readonly string[]): Html | undefined {
  if (warnings.length === 0) return undefined
  return html`<div class="notice">
    <strong>Before you read on</strong>
    <ul>
      ${warnings.map((text) => html`<li>${text}</li>`)}
    </ul>
  </div>`
}

/** The page as text. @throws Error when error maps have no `errorMax`. */
async function renderReport(report: Omit<Report, 'folder'>): Promise<string> {
  const { title, facts, losses, evaluation, panels, definitions, warnings } = report
  const curve = await drawLossCurve(losses)
  const lost = losses.filter(({ loss }) => !Number.isFinite(loss)).length
  const said =
    lost === 0 ? warnings : [...warnings, `${lost} logged losses are not finite numbers and are missing from the curve.`]
  return pageText({
    title,
    header: html`<h1>${title}</h1>
      ${notice}${warningList(said)}`,
    main: html`${evaluationSection(evaluation)} ${picturesSection(panels)} ${lossSection(curve)}
      <section>
        <h2>Definitions</h2>
        ${definitionList(definitions)}
      </section>
      <section>
        <h2>The run</h2>
        ${factList(facts)}
      </section>`,
    hasPanels: panels.length > 0,
  })
}

/**
 * Writes the page of a run, `index.html`, whole or not at all: one file that needs no server, no network and nothing beside it.
 * @returns the path of the page.
 * @throws UserError when it cannot be written; Error as `renderReport`.
 */
export async function writeReport(report: Report): Promise<string> {
  const { folder } = report
  const file = path.join(folder, 'index.html')
  await writeAtomic(file, await renderReport(report))
  return file
}
