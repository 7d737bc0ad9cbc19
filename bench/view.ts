import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import path from 'node:path'
import { chromium } from 'playwright-core'
import { UserError } from '../src/errors.ts'
import { archcRoot } from '../src/root.ts'
import { createRandom } from '../src/runtime/files/random.ts'
import { findChromium } from '../test/browser.ts'

/** How long views took from the end of a movement, in milliseconds: the first of their pieces, and all. */
export interface ViewTimes {
  readonly movement: string
  readonly count: number
  readonly first: readonly [median: number, p95: number]
  readonly whole: readonly [median: number, p95: number]
}

interface Answered {
  readonly first: number
  readonly whole: number
}

/** Of the page: what `evaluate` is given runs there. */
declare const window: {
  readonly devicePixelRatio: number
  readonly archc: {
    readonly measured: readonly Answered[]
    readonly panes: readonly { readonly viewer: { readonly viewport: Viewport } }[]
  }
}
interface Viewport {
  zoomTo(zoom: number): void
  panTo(place: unknown): void
  imageToViewportZoom(zoom: number): number
  imageToViewportCoordinates(x: number, y: number): unknown
}

/** What is seen, in pixels of the screen. */
const [width, height] = [1024, 768]
const movements = 200
/** Milliseconds that one looks, before one moves on. */
const looking = 1000
/** Where the carried slide has tissue, in its pixels. */
const tissue = { x: [650, 1550], y: [500, 2700] } as const
const zooms = [1.2, 12] as const

/** A session in Chromium: movements to another place, and of the zoom alone, in turns. The same each time. */
export async function measureView(): Promise<ViewTimes[]> {
  const executablePath = findChromium()
  if (!executablePath) throw new UserError('there is no Chromium here', 'apt-get install chromium, or name one in CHROME')
  const slide = path.join(archcRoot, 'samples', 'slides', 'CMU-1-Small-Region.svs')
  const server = spawn(process.execPath, [path.join(archcRoot, 'bin', 'archc.js'), 'view', slide, '--no-open'])
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
  try {
    const address = await new Promise<string>((resolve, reject) => {
      createInterface({ input: server.stdout }).once('line', resolve)
      server.once('exit', () => reject(new UserError('archc view ended')))
    })
    const page = await browser.newPage({ viewport: { width, height: height + 200 } })
    await page.goto(address)
    await page.locator('#facts', { hasText: 'zoom' }).waitFor()
    const stage = await page.locator('#stage').boundingBox()
    await page.setViewportSize({ width, height: height + (height + 200 - Math.round(stage!.height)) })
    await page.waitForTimeout(1000)
    const random = createRandom(5)
    const between = ([from, to]: readonly [number, number]): number => random.uniform(from, to)
    const answers: Record<'place' | 'zoom', Answered[]> = { place: [], zoom: [] }
    let zoom = 2
    for (let at = 0; at < movements; at += 1) {
      const isPlace = at % 2 === 0
      const there = await page.evaluate(() => window.archc.measured.length)
      if (isPlace) zoom = zooms[0] * (zooms[1] / zooms[0]) ** random.uniform()
      else {
        const by = between([1.1, 1.5])
        const isIn = zoom * by <= zooms[1] && (random.uniform() < 0.5 || zoom / by < zooms[0])
        zoom = isIn ? zoom * by : zoom / by
      }
      const to = { zoom, ...(isPlace && { x: between(tissue.x), y: between(tissue.y) }) }
      await page.evaluate(({ zoom: m, x, y }) => {
        const { viewport } = window.archc.panes[0]!.viewer
        viewport.zoomTo(viewport.imageToViewportZoom(m / window.devicePixelRatio))
        if (x !== undefined && y !== undefined) viewport.panTo(viewport.imageToViewportCoordinates(x, y))
      }, to)
      await page.waitForFunction((before) => window.archc.measured.length > before, there, { timeout: 60_000 })
      const answer = await page.evaluate(() => window.archc.measured.at(-1)!)
      await page.waitForTimeout(looking)
      if (at >= 4) answers[isPlace ? 'place' : 'zoom'].push(answer) // the first ones make graphs
    }
    return (
      [
        ['a new place', answers.place],
        ['the zoom alone', answers.zoom],
      ] as const
    ).map(([movement, all]) => ({
      movement,
      count: all.length,
      first: spread(all.map(({ first }) => first)),
      whole: spread(all.map(({ whole }) => whole)),
    }))
  } finally {
    await browser.close()
    server.kill()
  }
}

function spread(values: readonly number[]): readonly [number, number] {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!
  return [at(0.5), at(0.95)]
}
