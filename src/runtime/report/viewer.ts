import { readFileSync } from 'node:fs'
import { archcRequire } from '../engine/paths.ts'
import { html, type Html } from './html.ts'

/** Where pictures are looked at side by side; the script fills it. */
export const viewerDialog: Html = html`<dialog aria-label="Pictures side by side">
  <header>
    <p aria-live="polite"></p>
    <nav aria-label="Pictures of this row"></nav>
    <button type="button" class="close">Close</button>
  </header>
  <div class="stage"></div>
</dialog>`

/**
 * A click (or Enter) on a picture opens all of its row side by side in panes of OpenSeadragon: what is zoomed or moved in one is in all.
 * A click on a pane, or its name, shows it alone; the arrow keys then flip between the pictures in place.
 */
export const viewerScript = (): string => `${library()}
const dialog = document.querySelector('dialog')
const caption = dialog.querySelector('p')
const tabs = dialog.querySelector('nav')
const stage = dialog.querySelector('.stage')
/** The pictures of the row, their panes, and the place of the one that is shown alone: -1 is none. */
let row = []
let panes = []
let alone = -1
let leader = 0

function paneOf(button, index) {
  const image = button.firstElementChild
  const figure = document.createElement('figure')
  const text = document.createElement('figcaption')
  const element = document.createElement('div')
  text.textContent = button.dataset.caption
  figure.append(text, element)
  stage.append(figure)
  const viewer = OpenSeadragon({
    element,
    drawer: 'canvas',
    tileSources: { type: 'image', url: image.src, buildPyramid: false },
    imageSmoothingEnabled: false,
    showNavigationControl: false,
    animationTime: 0.25,
    visibilityRatio: 1,
    minZoomImageRatio: 1,
    maxZoomPixelRatio: 40,
    gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: false },
  })
  for (const event of ['pointerdown', 'wheel', 'keydown', 'focusin'])
    element.addEventListener(event, () => (leader = index), { capture: true, passive: true })
  viewer.addHandler('viewport-change', () => leader === index && follow())
  viewer.addHandler('canvas-click', (event) => event.quick && show(alone === -1 ? index : -1))
  return { figure, viewer, image }
}

/** All panes show what the leading one shows. */
function follow() {
  const bounds = panes[leader].viewer.viewport.getBounds(true)
  for (const [index, { viewer }] of panes.entries()) if (index !== leader) viewer.viewport.fitBounds(bounds, true)
}

/** As many columns as make the panes largest. */
function arrange() {
  const { width, height } = stage.getBoundingClientRect()
  const { image } = panes.find(({ image }) => image.naturalWidth > 0) ?? panes[0]
  const ratio = image.naturalHeight / image.naturalWidth
  const count = alone === -1 ? panes.length : 1
  const side = (columns) => Math.min(width / columns, height / Math.ceil(count / columns) / ratio)
  const columns = Array.from({ length: count }, (_, at) => at + 1).reduce((best, each) => (side(each) > side(best) ? each : best), 1)
  stage.style.gridTemplateColumns = 'repeat(' + columns + ', minmax(0, 1fr))'
}

/** One pane alone, or with -1 all of them; what is looked at stays. */
function show(index) {
  const bounds = panes[leader].viewer.viewport.getBounds(true)
  alone = index
  for (const [at, { figure }] of panes.entries()) figure.hidden = alone !== -1 && at !== alone
  for (const [at, tab] of [...tabs.children].entries()) tab.setAttribute('aria-pressed', String(at === alone + 1))
  caption.textContent = alone === -1 ? [...row[0].closest('.panel').querySelector('h3').childNodes].map((node) => node.textContent).join(', ') : row[alone].dataset.title
  if (alone !== -1) leader = alone
  arrange()
  for (const { figure, viewer } of panes) {
    if (figure.hidden) continue
    const { clientWidth, clientHeight } = viewer.container
    viewer.viewport.resize(new OpenSeadragon.Point(clientWidth, clientHeight), false)
    viewer.viewport.fitBounds(bounds, true)
  }
}

function open(button) {
  row = [...document.querySelectorAll('[data-row="' + button.dataset.row + '"]')]
  tabs.replaceChildren(
    ...['Side by side', ...row.map((other) => other.dataset.label)].map((name, at) => {
      const tab = document.createElement('button')
      tab.type = 'button'
      tab.textContent = name
      tab.addEventListener('click', () => show(at - 1))
      return tab
    }),
  )
  stage.replaceChildren()
  dialog.showModal()
  leader = row.indexOf(button)
  alone = -1
  panes = row.map(paneOf)
  show(-1)
  tabs.children[0].focus()
}

for (const button of document.querySelectorAll('.picture')) button.addEventListener('click', () => open(button))
dialog.querySelector('.close').addEventListener('click', () => dialog.close())
dialog.addEventListener('close', () => {
  for (const { viewer } of panes) viewer.destroy()
  row[leader].focus()
})
tabs.addEventListener('keydown', (event) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
  if (step === undefined) return
  event.preventDefault()
  show(alone === -1 ? (step > 0 ? 0 : panes.length - 1) : (alone + step + panes.length) % panes.length)
  tabs.children[alone + 1].focus()
})
addEventListener('resize', () => dialog.open && arrange())
`

/** OpenSeadragon as its package has it; in a page of one file there is no place for its map. */
const library = (): string =>
  readFileSync(archcRequire.resolve('openseadragon/build/openseadragon/openseadragon.min.js'), 'utf8').replace(
    /\/\/# sourceMappingURL=\S*\s*$/,
    '',
  )
