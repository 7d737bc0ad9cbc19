import { button, element } from './dom.ts'
import type { Network } from './services.ts'

interface Wanted {
  /** The part whose inside is drawn; empty for the whole network. */
  readonly part: string
  readonly depth: number
}

/** The drawing, with what chooses how it is drawn. `changed` is called where another one is wanted. */
export function networkView(changed: () => void) {
  let wanted: Wanted = { part: '', depth: 1 }
  let zoom: number | undefined
  let size = { width: 0, height: 0 }
  const trail = element('nav', { 'aria-label': 'part of the network' })
  const depth = element(
    'select',
    { 'aria-label': 'levels that are drawn' },
    ...[1, 2, 3, 4].map((levels) => element('option', { value: String(levels) }, `${levels} level${levels === 1 ? '' : 's'}`)),
  )
  const stage = element('div', { class: 'stage', tabindex: '0', role: 'group', 'aria-label': 'drawing of the network' })
  const page = element(
    'div',
    { class: 'network' },
    element(
      'div',
      { class: 'tools' },
      trail,
      depth,
      button('−', () => zoomTo(scale() / 1.25), { 'aria-label': 'smaller' }),
      button('Fit', () => zoomTo(undefined)),
      button('+', () => zoomTo(scale() * 1.25), { 'aria-label': 'larger' }),
    ),
    stage,
  )

  const want = (next: Partial<Wanted>): void => {
    wanted = { ...wanted, ...next }
    zoom = undefined
    changed()
  }
  depth.addEventListener('change', () => want({ depth: Number(depth.value) }))

  /** The whole drawing where that can be read, else its width, else some of it. */
  const scale = (): number => {
    if (zoom !== undefined) return zoom
    const [wide, high] = [(stage.clientWidth - 24) / size.width, (stage.clientHeight - 24) / size.height]
    return Math.max(Math.min(wide, Math.max(high, 0.7), 1.2), 0.55)
  }
  const resize = (): void => {
    const svg = stage.querySelector('svg')
    svg?.setAttribute('width', String(size.width * scale()))
    svg?.setAttribute('height', String(size.height * scale()))
  }
  const zoomTo = (value: number | undefined): void => {
    const before = scale()
    zoom = value === undefined ? undefined : Math.min(Math.max(value, 0.1), 4)
    const [x, y] = [stage.scrollLeft + stage.clientWidth / 2, stage.scrollTop + stage.clientHeight / 2]
    resize()
    stage.scrollTo((x * scale()) / before - stage.clientWidth / 2, (y * scale()) / before - stage.clientHeight / 2)
  }
  new ResizeObserver(resize).observe(stage)
  stage.addEventListener(
    'wheel',
    (event) => {
      if (!event.ctrlKey) return
      event.preventDefault()
      zoomTo(scale() * Math.exp(-event.deltaY / 300))
    },
    { passive: false },
  )
  stage.addEventListener('pointermove', ({ buttons, movementX, movementY }) => {
    if (buttons === 1) stage.scrollBy(-movementX, -movementY)
  })

  const showTrail = ({ title, part }: Network): void => {
    const paths = part === '' ? [] : part.split('.').map((_, at, all) => all.slice(0, at + 1).join('.'))
    const steps = ['', ...paths].map((path, at, all) => {
      const name = path === '' ? title : path.split('.').at(-1)!
      return at === all.length - 1 ? element('b', {}, name) : button(name, () => want({ part: path }), { class: 'link' })
    })
    trail.replaceChildren(...steps.flatMap((step, at) => (at === 0 ? [step] : [' › ', step])))
  }

  return {
    page,
    get wanted(): Wanted {
      return wanted
    },
    /** Another file: the whole of its network. */
    reset(): void {
      wanted = { ...wanted, part: '' }
      zoom = undefined
    },
    show(network: Network): void {
      const svg = new DOMParser().parseFromString(network.svg, 'image/svg+xml').documentElement as unknown as SVGSVGElement
      const { width, height } = svg.viewBox.baseVal
      // Graphviz counts in points.
      size = { width: (width * 4) / 3, height: (height * 4) / 3 }
      svg.setAttribute('role', 'group')
      svg.setAttribute('aria-label', network.title)
      const paths = new Map(network.closed.map(({ id, path }) => [id, path]))
      for (const node of svg.querySelectorAll<SVGGElement>('g.node')) {
        const path = paths.get(node.querySelector('title')?.textContent ?? '')
        if (path === undefined) continue
        const open = (): void => {
          stage.focus()
          want({ part: path })
        }
        node.classList.add('closed')
        node.setAttribute('tabindex', '0')
        node.setAttribute('role', 'button')
        node.setAttribute('aria-label', `inside of ${path}`)
        node.addEventListener('click', open)
        node.addEventListener('keydown', ({ key }) => {
          if (key === 'Enter') open()
        })
      }
      // Ids of the drawing, not words for who points at an arrow.
      for (const title of svg.querySelectorAll('title')) title.remove()
      wanted = { ...wanted, part: network.part }
      stage.replaceChildren(svg)
      resize()
      const drawn = `${network.title} ${network.part} ${wanted.depth}`
      if (stage.dataset['of'] !== drawn) stage.scrollTo((stage.scrollWidth - stage.clientWidth) / 2, 0)
      stage.dataset['of'] = drawn
      showTrail(network)
    },
  }
}
