/** A picture whose tiles OpenSeadragon shows, and above them what a network makes of it at the zoom that is shown. */

/** What is known of the picture that is looked at. */
export interface Facts {
  readonly id: string
  readonly width: number
  readonly height: number
  readonly mpp?: { readonly x: number; readonly y: number }
  readonly magnification?: number
}

/** The picture as its file has it. */
export const asScanned = 'as scanned'

/** How a view was answered, in milliseconds from the movement's end. */
export interface Measured {
  readonly network: string
  readonly zoom: number
  readonly first: number
  readonly whole: number
  readonly pixels: number
}

export interface View {
  /** Pixels of the screen for one of the picture. */
  readonly zoom: number
  /** In pixels of the picture enlarged so many times. */
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}

/** Below this the tiles show all there is. */
const beyond = 1.005

export class Pane {
  readonly viewer: OpenSeadragon.Viewer
  layer: string = asScanned
  facts: Facts | undefined
  /** When the last movement ended; infinite before it does. */
  ended = 0
  readonly #mark: HTMLElement
  #shown: { readonly canvas: HTMLCanvasElement; readonly view: View } | undefined
  #pending: AbortController | undefined
  /** What is shown or awaited, as a text. */
  #wanted = ''

  constructor(
    readonly element: HTMLElement,
    readonly onMeasured: (measured: Measured) => void,
    readonly onProblem: (text: string | undefined) => void,
  ) {
    this.#mark = element.querySelector('.mark')!
    this.viewer = OpenSeadragon({
      element: element.querySelector<HTMLElement>('.tiles')!,
      prefixUrl: '',
      showNavigationControl: false,
      keyboardNavEnabled: false,
      maxZoomPixelRatio: 64,
      minZoomImageRatio: 0.8,
      visibilityRatio: 0.3,
      preserveImageSizeOnResize: true,
      animationTime: 0.4,
      springStiffness: 8,
      zoomPerScroll: 1.25,
      gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: true },
      drawer: 'canvas',
    } as OpenSeadragon.Options)
    this.viewer.addHandler('update-viewport', () => this.#place())
  }

  /** What is seen now, or will be when the movement ends; undefined before a picture is open. */
  view(isNow = true): View | undefined {
    const { facts, viewer } = this
    if (!facts || !viewer.isOpen()) return undefined
    const { viewport } = viewer
    const ratio = window.devicePixelRatio
    const zoom = viewport.viewportToImageZoom(viewport.getZoom(isNow)) * ratio
    const corner = viewport.viewportToImageCoordinates(viewport.getBounds(isNow).getTopLeft())
    const { x: width, y: height } = viewport.getContainerSize()
    const [across, down] = [Math.round(facts.width * zoom), Math.round(facts.height * zoom)]
    const [left, top] = [Math.round(corner.x * zoom), Math.round(corner.y * zoom)]
    return {
      zoom,
      left: Math.max(0, left),
      top: Math.max(0, top),
      right: Math.min(across, left + Math.round(width * ratio)),
      bottom: Math.min(down, top + Math.round(height * ratio)),
    }
  }

  /** What moves is no longer what is computed. */
  giveUp(): void {
    if (this.#pending) this.#wanted = ''
    this.#pending?.abort()
    this.#pending = undefined
  }

  clear(): void {
    this.giveUp()
    this.#shown?.canvas.remove()
    this.#shown = undefined
    this.#wanted = ''
    this.say()
  }

  /** Gives up what is another view than this. */
  giveUpUnless(view: View | undefined): void {
    if (this.#pending && this.#textOf(view) !== this.#wanted) this.giveUp()
  }

  #textOf(view: View | undefined): string {
    return JSON.stringify([this.facts?.id, this.layer, view])
  }

  /** Computes a view, where that is more than the tiles have. */
  async show(view: View | undefined): Promise<void> {
    if (!view || !this.facts) return
    const wanted = this.#textOf(view)
    if (wanted === this.#wanted) return
    this.giveUp()
    const { width, height } = this.element.getBoundingClientRect()
    const isSeen = width > 0 && height > 0 && view.right > view.left && view.bottom > view.top
    if (this.layer === asScanned || view.zoom < beyond || !isSeen) {
      this.clear()
      return
    }
    const began = performance.now()
    const pending = new AbortController()
    this.#pending = pending
    this.#wanted = wanted
    const canvas = document.createElement('canvas')
    canvas.className = 'computed'
    canvas.width = view.right - view.left
    canvas.height = view.bottom - view.top
    const query = new URLSearchParams({ network: this.layer, ...Object.fromEntries(Object.entries(view).map(([name, value]) => [name, String(value)])) }) // prettier-ignore
    let first = 0
    try {
      const response = await fetch(`view/${encodeURIComponent(this.facts.id)}?${query.toString()}`, { signal: pending.signal })
      if (response.status === 503) {
        setTimeout(() => {
          if (pending !== this.#pending) return
          this.giveUp()
          void this.show(view)
        }, 1000)
        return
      }
      if (!response.ok) throw new Error((await response.text()).trim())
      const context = canvas.getContext('2d')!
      for await (const { left, top, pixels } of piecesOf(response)) {
        if (first === 0) {
          first = performance.now()
          this.element.append(canvas)
        }
        context.putImageData(pixels, left - view.left, top - view.top)
        this.#position(canvas, view)
      }
      if (pending.signal.aborted) return canvas.remove()
      this.#shown?.canvas.remove()
      this.#shown = { canvas, view }
      this.#pending = undefined
      this.onProblem(undefined)
      this.say()
      const pixels = canvas.width * canvas.height
      const from = Math.max(began, this.ended)
      this.onMeasured({ network: this.layer, zoom: view.zoom, first: Math.max(0, first - from), whole: Math.max(0, performance.now() - from), pixels }) // prettier-ignore
    } catch (error) {
      canvas.remove()
      if (pending === this.#pending) this.giveUp()
      if (!pending.signal.aborted) this.onProblem((error as Error).message)
    }
  }

  /** Says on the picture what is seen. */
  say(holdsScanned = false): void {
    const isComputed = this.#shown !== undefined && !holdsScanned
    this.#mark.hidden = this.layer === asScanned && document.body.dataset['mode'] === 'one'
    this.#mark.classList.toggle('is-computed', isComputed)
    this.#mark.textContent = isComputed ? `computed by ${this.layer}` : asScanned
  }

  #place(): void {
    if (this.#shown) this.#position(this.#shown.canvas, this.#shown.view)
  }

  /** Where the view stands now: pixel on pixel where nothing has moved. */
  #position(canvas: HTMLCanvasElement, { zoom, left, top }: View): void {
    const now = this.view()
    if (!now) return
    const ratio = window.devicePixelRatio
    const { viewport } = this.viewer
    const corner = viewport.viewportToImageCoordinates(viewport.getBounds(true).getTopLeft())
    const scale = now.zoom / zoom
    const at = (own: number, seen: number): number => {
      const offset = (own * scale - seen * now.zoom) / ratio
      return Math.abs(scale - 1) < 1e-9 ? Math.round(offset * ratio) / ratio : offset
    }
    canvas.style.transform = `translate(${at(left, corner.x)}px, ${at(top, corner.y)}px) scale(${scale / ratio})`
  }
}

/** The pieces of a view, as they come. */
async function* piecesOf(response: Response): AsyncGenerator<{ left: number; top: number; pixels: ImageData }> {
  const reader = response.body!.getReader()
  let held = new Uint8Array(0)
  const take = async (length: number): Promise<Uint8Array | undefined> => {
    const parts = [held]
    let there = held.length
    while (there < length) {
      const { done, value } = await reader.read()
      if (done) return undefined
      parts.push(value)
      there += value.length
    }
    const all = parts.length === 1 ? held : joined(parts, there)
    held = all.subarray(length)
    return all.subarray(0, length)
  }
  for (;;) {
    const head = await take(20)
    if (!head) return
    const [left, top, width, height, length] = new Uint32Array(head.slice().buffer) as unknown as [
      number,
      number,
      number,
      number,
      number,
    ]
    const rgb = await take(length)
    if (!rgb) return
    const pixels = new ImageData(width, height)
    const { data } = pixels
    for (let from = 0, to = 0; from < rgb.length; from += 3, to += 4) {
      data[to] = rgb[from]!
      data[to + 1] = rgb[from + 1]!
      data[to + 2] = rgb[from + 2]!
      data[to + 3] = 255
    }
    yield { left, top, pixels }
  }
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}
