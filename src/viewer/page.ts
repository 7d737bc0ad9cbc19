/** The page of `archc view`: two panes that move together, what they show, and the address that says so. */
import { asScanned, Pane, type Facts, type Measured } from './pane.ts'

interface Contents {
  readonly pictures: readonly { readonly id: string; readonly name: string }[]
  readonly networks: readonly { readonly name: string; readonly title: string; readonly hash: string }[]
}

declare global {
  interface Window {
    /** For tests and measurements: how views were answered, and how many are awaited. */
    archc: { readonly measured: Measured[]; readonly panes: readonly Pane[]; waiting: number }
  }
}

const element = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T
const [pictures, mainLayer, otherLayer] = ['picture', 'main', 'other'].map((id) => element<HTMLSelectElement>(id)) as [
  HTMLSelectElement,
  HTMLSelectElement,
  HTMLSelectElement,
]
const problem = element('problem')
const handle = element('handle')
const measured: Measured[] = []

const onProblem = (text: string | undefined): void => {
  problem.hidden = text === undefined
  problem.textContent = text ?? ''
}
const paneOf = (id: string): Pane => new Pane(element(id), (each) => measured.push(each), onProblem)
const main = paneOf('pane-main')
const other = paneOf('pane-other')
const panes = [main, other]
window.archc = { measured, panes, waiting: 0 }

/** What an address holds behind `#`. */
const asked = new URLSearchParams(location.hash.slice(1))
const numberAsked = (name: string): number | undefined => {
  const value = asked.get(name)
  return value === null || !Number.isFinite(Number(value)) ? undefined : Number(value)
}

const mode = (): string => document.body.dataset['mode']!
const isSeen = (pane: Pane): boolean => pane === main || mode() !== 'one'

function setMode(value: string): void {
  document.body.dataset['mode'] = value
  for (const input of document.querySelectorAll<HTMLInputElement>('input[name=mode]')) input.checked = input.value === value
  requestAnimationFrame(() => {
    for (const { viewer } of panes) viewer.forceResize()
    follow()
    settleSoon()
  })
}

let curtain = 50
function setCurtain(percent: number): void {
  curtain = Math.min(100, Math.max(0, percent))
  document.documentElement.style.setProperty('--curtain', `${curtain}%`)
  handle.setAttribute('aria-valuenow', String(Math.round(curtain)))
}

/** Who was moved last: the other sees what it sees. */
let leader = main
function follow(): void {
  if (!leader.viewer.isOpen()) return
  for (const pane of panes)
    if (pane !== leader && isSeen(pane) && pane.viewer.isOpen()) {
      const { viewport } = pane.viewer
      viewport.zoomTo(leader.viewer.viewport.getZoom(true), undefined, true)
      viewport.panTo(leader.viewer.viewport.getCenter(true), true)
    }
}

let soon: ReturnType<typeof setTimeout> | undefined
/** As the page is laid out it has several sizes, one after the other. */
function settleSoon(milliseconds = 100): void {
  clearTimeout(soon)
  soon = setTimeout(settle, milliseconds)
}
/** Milliseconds without another turn of the wheel after which a movement's end is known. */
const aiming = 70

/** What is seen, or will be when the movement ends, is computed, and the address says where it is. */
function settle(): void {
  const view = leader.view(false)
  for (const pane of panes) {
    if (!isSeen(pane)) pane.clear()
    else {
      window.archc.waiting += 1
      void pane.show(view).finally(() => (window.archc.waiting -= 1))
    }
  }
  say()
  history.replaceState(undefined, '', `#${address().toString()}`)
}

function address(): URLSearchParams {
  const view = main.view()
  const { facts } = main
  const found = new URLSearchParams()
  if (facts) found.set('picture', facts.id)
  if (view) {
    const centre = main.viewer.viewport.viewportToImageCoordinates(main.viewer.viewport.getCenter(true))
    found.set('x', centre.x.toFixed(2))
    found.set('y', centre.y.toFixed(2))
    found.set('zoom', view.zoom.toPrecision(6))
  }
  found.set('network', main.layer)
  if (mode() !== 'one') {
    found.set('mode', mode())
    found.set('left', other.layer)
    if (mode() === 'curtain') found.set('curtain', String(Math.round(curtain)))
  }
  return found
}

const rounded = (value: number): string => String(Number(value.toPrecision(3)))

/** Zoom, magnification, size of a pixel, and a bar of a round length. */
function say(): void {
  const view = main.view()
  const { facts } = main
  if (!view || !facts) return
  const mpp = facts.mpp?.x
  const parts = [
    `zoom ${rounded(view.zoom)}`,
    ...(facts.magnification === undefined ? [] : [`as ${rounded(facts.magnification * view.zoom)}x`]),
    mpp === undefined ? 'pixels of unknown size' : `${rounded(mpp / view.zoom)} µm a pixel`,
    view.zoom > 1 && main.layer !== asScanned ? `computed by ${main.layer} beyond the scan` : 'as scanned',
  ]
  element('facts').textContent = parts.join(', ')
  const perScreen = (mpp ?? 1) * (window.devicePixelRatio / view.zoom)
  const most = 140 * perScreen
  const power = 10 ** Math.floor(Math.log10(most))
  const length = ([5, 2, 1].find((digit) => digit * power <= most) ?? 1) * power
  const bar = element('bar')
  bar.style.width = `${length / perScreen}px`
  bar.firstElementChild!.textContent = `${Number(length.toPrecision(3))} ${mpp === undefined ? 'px' : 'µm'}`
}

function holdScanned(holds: boolean): void {
  element('stage').classList.toggle('holds-scanned', holds)
  element('scanned').setAttribute('aria-pressed', String(holds))
  for (const pane of panes) pane.say(holds)
}

async function open(id: string, isFirst: boolean): Promise<void> {
  const response = await fetch(`facts/${encodeURIComponent(id)}`)
  if (!response.ok) return onProblem((await response.text()).trim())
  onProblem(undefined)
  const facts = (await response.json()) as Facts
  document.title = `${id} - archc`
  await Promise.all(
    panes.map((pane) => {
      pane.clear()
      pane.facts = facts
      return new Promise<void>((resolve) => {
        pane.viewer.addOnceHandler('open', () => resolve())
        pane.viewer.addOnceHandler('open-failed', () => resolve())
        pane.viewer.open(`deepzoom/${encodeURIComponent(id)}.dzi`)
      })
    }),
  )
  const [x, y, zoom] = ['x', 'y', 'zoom'].map(numberAsked)
  if (isFirst && x !== undefined && y !== undefined && zoom !== undefined) {
    const { viewport } = main.viewer
    viewport.zoomTo(viewport.imageToViewportZoom(zoom / window.devicePixelRatio), undefined, true)
    viewport.panTo(viewport.imageToViewportCoordinates(x, y), true)
  }
  follow()
  settleSoon()
}

function choices(
  select: HTMLSelectElement,
  names: readonly { readonly value: string; readonly text: string }[],
  chosen: string,
): void {
  select.replaceChildren(...names.map(({ value, text }) => new Option(text, value, false, value === chosen)))
}

const moves: Readonly<Record<string, () => void>> = {
  '+': () => main.viewer.viewport.zoomBy(1.25),
  '=': () => main.viewer.viewport.zoomBy(1.25),
  '-': () => main.viewer.viewport.zoomBy(0.8),
  '0': () => main.viewer.viewport.goHome(),
  '1': () => setMode('one'),
  '2': () => setMode('two'),
  '3': () => setMode('curtain'),
  '[': () => setCurtain(curtain - 5),
  ']': () => setCurtain(curtain + 5),
  ArrowLeft: () => pan(-0.1, 0),
  ArrowRight: () => pan(0.1, 0),
  ArrowUp: () => pan(0, -0.1),
  ArrowDown: () => pan(0, 0.1),
}

function pan(x: number, y: number): void {
  const { viewport } = main.viewer
  const { width, height } = viewport.getBounds()
  viewport.panBy(new OpenSeadragon.Point(x * width, y * height))
  viewport.applyConstraints()
}

function listen(): void {
  for (const pane of panes) {
    const leads = (): void => void (leader = pane)
    for (const moved of ['canvas-press', 'canvas-scroll', 'canvas-pinch', 'canvas-double-click'] as const)
      pane.viewer.addHandler(moved, leads)
    pane.viewer.addHandler('animation-start', () => {
      if (pane === leader) for (const each of panes) each.ended = Infinity
    })
    pane.viewer.addHandler('animation', () => {
      if (pane !== leader) return
      follow()
      say()
    })
    // Where a movement leads is known before it ends: that is asked for as soon as nothing changes it any more.
    for (const moved of ['zoom', 'pan'] as const)
      pane.viewer.addHandler(moved, () => {
        if (pane !== leader) return
        for (const each of panes) each.giveUpUnless(pane.view(false))
        settleSoon(aiming)
      })
    pane.viewer.addHandler('animation-finish', () => {
      if (pane !== leader) return
      follow()
      for (const each of panes) each.ended = performance.now()
      settle()
    })
    pane.viewer.addHandler('resize', () => pane === leader && settleSoon())
  }
  for (const input of document.querySelectorAll<HTMLInputElement>('input[name=mode]'))
    input.addEventListener('change', () => setMode(input.value))
  pictures.addEventListener('change', () => void open(pictures.value, false))
  const layers = [[mainLayer, main], [otherLayer, other]] as const // prettier-ignore
  for (const [select, pane] of layers)
    select.addEventListener('change', () => {
      pane.layer = select.value
      pane.clear()
      settle()
    })
  const scanned = element('scanned')
  scanned.addEventListener('pointerdown', () => holdScanned(true))
  scanned.addEventListener('pointerup', () => holdScanned(false))
  scanned.addEventListener('pointerleave', () => holdScanned(false))
  element('figure').addEventListener('click', saveFigure)
  element('share').addEventListener('click', () => void navigator.clipboard.writeText(location.href).catch(() => prompt('Address', location.href))) // prettier-ignore
  document.addEventListener('keydown', (event) => {
    if (event.target instanceof HTMLSelectElement || event.ctrlKey || event.metaKey || event.altKey) return
    if (event.key === ' ') holdScanned(true)
    else if (event.target === handle && event.key.startsWith('Arrow'))
      setCurtain(curtain + (event.key === 'ArrowRight' || event.key === 'ArrowUp' ? 2 : -2)) // prettier-ignore
    else if (moves[event.key]) {
      leader = main
      moves[event.key]!()
    } else return
    event.preventDefault()
  })
  document.addEventListener('keyup', (event) => event.key === ' ' && holdScanned(false))
  handle.addEventListener('pointerdown', (event) => handle.setPointerCapture(event.pointerId))
  handle.addEventListener('pointermove', (event) => {
    if (!handle.hasPointerCapture(event.pointerId)) return
    const { left, width } = element('stage').getBoundingClientRect()
    setCurtain((100 * (event.clientX - left)) / width)
  })
}

function saveFigure(): void {
  const view = main.view()
  if (!view || !main.facts || main.layer === asScanned || view.zoom <= 1)
    return onProblem('A figure is of what is computed: zoom in beyond the scan, and choose a network.')
  onProblem(undefined)
  const query = new URLSearchParams({ network: main.layer, ...Object.fromEntries(Object.entries(view).map(([name, value]) => [name, String(value)])) }) // prettier-ignore
  const link = document.createElement('a')
  link.href = `figure/${encodeURIComponent(main.facts.id)}?${query.toString()}`
  link.download = ''
  link.click()
}

async function begin(): Promise<void> {
  const contents = (await (await fetch('contents.json')).json()) as Contents
  const layers = [asScanned, ...contents.networks.map(({ name }) => name)].map((value) => ({ value, text: value }))
  const known = (name: string | null, usual: string): string => (layers.some(({ value }) => value === name) ? name! : usual)
  main.layer = known(asked.get('network'), contents.networks[0]?.name ?? asScanned)
  other.layer = known(asked.get('left'), asScanned)
  choices(mainLayer, layers, main.layer)
  choices(otherLayer, layers, other.layer)
  const wanted = contents.pictures.find(({ id }) => id === asked.get('picture')) ?? contents.pictures[0]
  choices(pictures, contents.pictures.map(({ id, name }) => ({ value: id, text: name })), wanted?.id ?? '') // prettier-ignore
  setCurtain(numberAsked('curtain') ?? 50)
  const wantedMode = asked.get('mode') ?? 'one'
  document.body.dataset['mode'] = ['two', 'curtain'].includes(wantedMode) ? wantedMode : 'one'
  for (const input of document.querySelectorAll<HTMLInputElement>('input[name=mode]')) input.checked = input.value === mode()
  listen()
  if (wanted) await open(wanted.id, true)
  else onProblem('There is no slide or picture here.')
}

void begin().catch((error: unknown) => onProblem((error as Error).message))
