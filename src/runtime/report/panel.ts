import { viridis } from './colour-map.ts'
import { html, type Html } from './html.ts'

/** A picture as a page holds it. */
export interface Image {
  readonly bytes: Buffer
  readonly type: 'image/png' | 'image/webp'
  readonly width: number
  readonly height: number
}

/** One picture of a panel; all of a panel show the same field. */
export interface PanelPicture {
  /** What it is: `LR`, `Bicubic`, the model's name, `ground truth`. */
  readonly label: string
  readonly image: Image
  /** Stands beside the label: a PSNR, a size. */
  readonly note?: string
  /** Its error map (`errorMap`), of the size of the ground truth. */
  readonly error?: Image
}

/** One field at one scale, from left to right: LR, bicubic, model, ground truth. */
export interface Panel {
  readonly scale: number
  readonly field: string
  readonly pictures: readonly PanelPicture[]
  /** The error, in levels of 255, of the last colour of the error maps; needed where there are any. */
  readonly errorMax?: number
}

/** Four columns of this width and their gaps fill the page. */
const columnWidth = 264
const mostColumns = 4

function pictureButton(
  { bytes, type, width, height }: Image,
  text: { readonly alt: string; readonly label: string; readonly note?: string; readonly title: string; readonly row: string },
  shownWidth: number,
): Html {
  // Enlarged pixels stay pixels; only what is shown smaller than it is gets interpolated.
  const rendering = width <= shownWidth ? 'pixelated' : ''
  const source = `data:${type};base64,${bytes.toString('base64')}`
  return html`<button
    type="button"
    class="picture"
    data-row="${text.row}"
    data-label="${text.label}"
    data-caption="${text.note === undefined ? text.label : `${text.label}, ${text.note}`}"
    data-title="${text.title}"
    aria-label="Enlarge: ${text.alt}"
  >
    <img class="${rendering}" src="${source}" width="${width}" height="${height}" alt="${text.alt}" />
  </button>`
}

function legend(max: number): Html {
  const stops = viridis.map(([red, green, blue]) => `rgb(${red} ${green} ${blue})`).join(', ')
  return html`<div class="legend">
    <div class="bar" style="background: linear-gradient(to right, ${stops})"></div>
    <div class="ticks"><span>0</span><span>${format(max / 2)}</span><span>≥ ${format(max)}</span></div>
    <p>Absolute error against the ground truth, in levels of 255; mean over red, green and blue.</p>
  </div>`
}

/** Rows as even as they can be: no picture stands alone below the others. */
const columnsOf = (count: number): number => Math.ceil(count / Math.ceil(count / mostColumns))

const format = (value: number): string => String(Number(value.toFixed(2)))

/**
 * A panel as a section: a column a picture, its error map below, all at the same zoom; the key to the error maps takes the place
 * below the first picture that has none.
 */
function panelSection(panel: Panel, index: number): Html {
  const { scale, field, pictures, errorMax } = panel
  // The ground truth's size, or the model's: the LR picture is stretched over the same frame.
  const { width: largest, height } = pictures.map(({ image }) => image).reduce((a, b) => (b.width > a.width ? b : a))
  // A whole multiple of the pixels, so that none is drawn wider than its neighbour.
  const shownWidth = largest <= columnWidth ? Math.floor(columnWidth / largest) * largest : columnWidth
  const place = `×${format(scale)}, ${field}`
  const hasErrors = pictures.some(({ error }) => error !== undefined)
  if (hasErrors && errorMax === undefined) throw new Error(`the panel ${place} has error maps and no errorMax`)
  const keyed = hasErrors ? pictures.findIndex(({ error }) => error === undefined) : -1
  const key = errorMax === undefined ? undefined : legend(errorMax)
  const columns = pictures.map(({ label, image, note, error }, position) => {
    const alt = `${label}, ${place}`
    const top = pictureButton(
      image,
      { alt, label, ...(note !== undefined && { note }), title: note === undefined ? alt : `${alt}: ${note}`, row: `p${index}` },
      shownWidth,
    )
    const errorAlt = `Error map of ${label}, ${place}`
    const below =
      error === undefined
        ? position === keyed
          ? key
          : undefined
        : html`<figure>
            <figcaption><span>error of ${label}</span></figcaption>
            ${pictureButton(
              error,
              { alt: errorAlt, label, title: `${errorAlt} (0 to ${format(errorMax ?? 0)} of 255)`, row: `e${index}` },
              shownWidth,
            )}
          </figure>`
    return html`<div class="column">
      <figure>
        <figcaption><b>${label}</b><span>${note}</span></figcaption>
        ${top}
      </figure>
      ${below}
    </div>`
  })
  return html`<section
    class="panel"
    style="--width: ${shownWidth}px; --ratio: ${largest} / ${height}; --columns: ${columnsOf(pictures.length)}"
  >
    <h3>×${format(scale)}<span>${field}</span></h3>
    <div class="row">${columns}</div>
    ${hasErrors && keyed === -1 ? key : undefined}
  </section>`
}

/**
 * Panels below a title; undefined where there are none.
 * @param title the element of the title.
 * @param first numbers the panels where a page has several of these.
 */
export function picturesSection(panels: readonly Panel[], title: 'h2' | 'h3' = 'h2', first = 0): Html | undefined {
  if (panels.length === 0) return undefined
  return html`<section>
    ${title === 'h2' ? html`<h2>Pictures</h2>` : html`<h3>Pictures</h3>`}
    <p class="soft screen">
      Select a picture to see its row side by side: the panes are zoomed and moved together. A pane that is selected is shown
      alone, and the arrow keys flip between the pictures in place.
    </p>
    ${panels.map((panel, index) => panelSection(panel, first + index))}
  </section>`
}
