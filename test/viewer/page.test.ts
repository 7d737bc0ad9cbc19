import path from 'node:path'
import { createInterface } from 'node:readline'
import { chromium, type Browser, type Page } from 'playwright-core'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import { findChromium } from '../browser.ts'
import { archc, startArchc, type Started } from '../cli/run-archc.ts'
import { root, temporaryFolder } from '../runtime/network/small.ts'

/** The viewer as people meet it, with the carried slide and the network that is used without another. */

const executablePath = findChromium()
if (!executablePath)
  test.skip('the viewer: there is no Chromium here; apt-get install chromium, or name one in CHROME', () => undefined)

/** Of the page: what `evaluate` is given runs there. */
declare const window: {
  readonly archc: {
    readonly measured: readonly { readonly zoom: number }[]
    readonly panes: readonly PagePane[]
    readonly waiting: number
  }
}
interface PagePane {
  readonly layer: string
  view(): View
}
interface View {
  readonly zoom: number
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}
declare const document: { querySelector(name: string): CanvasLike | null; querySelectorAll(name: string): ArrayLike<CanvasLike> }
interface CanvasLike {
  readonly width: number
  readonly height: number
  getContext(kind: '2d'): {
    getImageData(x: number, y: number, width: number, height: number): { readonly data: ArrayLike<number> }
  }
}

const folder = temporaryFolder()
const slide = path.join(root, 'samples', 'slides', 'CMU-1-Small-Region.svs')

describe.skipIf(!executablePath)('the viewer', () => {
  let started: Started
  let address: string
  let browser: Browser
  const complaints: string[] = []
  const asked = new Set<string>()

  async function open(hash = '', size = { width: 1000, height: 700 }): Promise<Page> {
    const page = await browser.newPage({ viewport: size })
    page.setDefaultTimeout(30_000)
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('request', (request) => asked.add(new URL(request.url()).origin))
    await page.goto(`${address}${hash}`)
    await page.locator('#facts', { hasText: 'zoom' }).waitFor()
    return page
  }
  /** Once nothing is awaited. */
  const settled = async (page: Page): Promise<void> => {
    await page.waitForTimeout(700)
    await page.waitForFunction(() => window.archc.waiting === 0)
  }
  const views = (page: Page): Promise<View[]> => page.evaluate(() => window.archc.panes.map((pane) => pane.view()))
  const computed = (page: Page): Promise<number> => page.locator('canvas.computed').count()

  beforeAll(async () => {
    started = startArchc(['view', slide, '--no-open'])
    address = await new Promise((resolve, reject) => {
      createInterface({ input: started.child.stdout! }).once('line', resolve)
      void started.outcome.then(({ stderr }) => reject(new Error(stderr)))
    })
    browser = await chromium.launch({ executablePath: executablePath!, args: ['--no-sandbox'] })
  })
  afterAll(async () => {
    await browser?.close()
    started?.child.kill('SIGTERM')
    await started?.outcome
  })

  it('shows the scan at once, and what the network computes where the wheel and the keys go beyond it', async () => {
    const page = await open()
    await settled(page)
    expect(await computed(page)).toBe(0)
    expect(await page.locator('#facts').textContent()).toMatch(
      /^zoom 0\.\d+, as \d+(\.\d+)?x, \d+(\.\d+)? µm a pixel, as scanned$/,
    )
    await page.mouse.move(430, 260)
    for (let turn = 0; turn < 12; turn += 1) {
      await page.mouse.wheel(0, -120)
      await page.waitForTimeout(80)
    }
    await settled(page)
    expect(await computed(page)).toBe(1)
    const [before] = (await views(page)) as [View]
    expect(before.zoom).toBeGreaterThan(1.5)
    expect(await page.locator('#pane-main .mark').textContent()).toBe('computed by live')
    await page.keyboard.press('+')
    await page.keyboard.press('ArrowRight')
    await settled(page)
    const [after] = (await views(page)) as [View]
    expect(after.zoom / before.zoom).toBeCloseTo(1.25, 3)
    expect(await computed(page)).toBe(1)
    await page.keyboard.down(' ')
    expect(await page.locator('#pane-main .mark').textContent()).toBe('as scanned')
    expect(await page.locator('canvas.computed').isVisible()).toBe(false)
    await page.keyboard.up(' ')
    expect(await page.locator('canvas.computed').isVisible()).toBe(true)
    await page.keyboard.press('0')
    await settled(page)
    expect(await computed(page)).toBe(0)
    await page.close()
  })

  it('is pixel for pixel what archc upscale gives', async () => {
    const page = await open('#x=850&y=1100&zoom=3', { width: 500, height: 400 })
    await settled(page)
    const [{ left, top, right, bottom, zoom }] = (await views(page)) as [View]
    expect(zoom).toBe(3)
    const shown = await page.evaluate(() => {
      const canvas = document.querySelector('canvas.computed')!
      return Array.from(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data)
    })
    const out = path.join(folder, 'same.tif')
    // Whole pixels of the slide around the view.
    const [x, y] = [Math.floor(left / 3), Math.floor(top / 3)]
    const region = [x, y, Math.ceil(right / 3) - x, Math.ceil(bottom / 3) - y].join(',')
    const { code, stderr } = await archc([
      'upscale',
      slide,
      '--scale',
      '3',
      '--region',
      region,
      '--everything',
      '--lossless',
      '-o',
      out,
    ])
    expect(code, stderr).toBe(0)
    const wanted = await sharp(out).removeAlpha().extract({ left: left - 3 * x, top: top - 3 * y, width: right - left, height: bottom - top }).raw().toBuffer() // prettier-ignore
    let [most, others] = [0, 0]
    for (let at = 0; at < wanted.length / 3; at += 1)
      for (let channel = 0; channel < 3; channel += 1) {
        const far = Math.abs(shown[4 * at + channel]! - wanted[3 * at + channel]!)
        most = Math.max(most, far)
        if (far > 0) others += 1
      }
    expect(most).toBeLessThanOrEqual(1)
    expect(others / wanted.length).toBeLessThan(0.001)
    await page.close()
  })

  it('compares in step, side by side and behind a curtain, and an address holds it', async () => {
    const page = await open('#x=850&y=1100&zoom=2')
    await settled(page)
    await page.keyboard.press('2')
    await page.locator('#other').selectOption('bicubic')
    await settled(page)
    expect(await computed(page)).toBe(2)
    const same = async (): Promise<void> => {
      const [main, other] = (await views(page)) as [View, View]
      expect(other.zoom).toBeCloseTo(main.zoom, 6)
      expect(Math.abs(other.left - main.left) + Math.abs(other.top - main.top)).toBeLessThanOrEqual(2)
    }
    await same()
    await page.mouse.move(250, 300) // over the left one
    await page.mouse.wheel(0, -120)
    await page.mouse.down()
    await page.mouse.move(200, 330, { steps: 5 })
    await page.mouse.up()
    await settled(page)
    await same()
    await page.getByText('curtain', { exact: true }).first().click()
    await settled(page)
    await same()
    const handle = page.getByRole('slider', { name: 'Curtain' })
    await handle.focus()
    await page.keyboard.press('ArrowRight')
    expect(await handle.getAttribute('aria-valuenow')).toBe('52')
    await page.keyboard.press('ArrowLeft')
    await page.keyboard.press('-')
    await settled(page)
    const hash = new URL(page.url()).hash
    const again = await open(hash)
    await settled(again)
    expect(new URLSearchParams(hash.slice(1)).get('mode')).toBe('curtain')
    const [own, there] = [(await views(page))[0]!, (await views(again))[0]!]
    expect(there.zoom).toBeCloseTo(own.zoom, 3)
    expect(Math.abs(there.left - own.left)).toBeLessThanOrEqual(2)
    expect(await again.locator('#other').inputValue()).toBe('bicubic')
    await page.close()
    await again.close()
  })

  it.each([400, 1600])('fits into %i pixels', async (width) => {
    const page = await open('#x=850&y=1100&zoom=2', { width, height: 700 })
    await settled(page)
    const wide = await page.evaluate('document.documentElement.scrollWidth')
    expect(wide).toBeLessThanOrEqual(width)
    const stage = (await page.locator('#stage').boundingBox())!
    expect(stage.height).toBeGreaterThan(380)
    expect(await computed(page)).toBe(1)
    await page.close()
  })

  it('saves a figure', async () => {
    const page = await open('#x=850&y=1100&zoom=2')
    await settled(page)
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Save figure' }).click(),
    ])
    expect(download.suggestedFilename()).toBe('CMU-1-Small-Region.svs-x2.00.png')
    await page.close()
  })

  it.runIf(process.env['ARCHC_IMAGES'])('draws the strip of the README (ARCHC_IMAGES=1)', async () => {
    const size = { width: 560, height: 400 }
    const places = ['#x=1000&y=1300&zoom=0.35', '#x=980&y=1310&zoom=1', '#x=980&y=1310&zoom=4.7&mode=curtain&left=as+scanned']
    const shots: Buffer[] = []
    for (const hash of places) {
      const page = await open(hash, { width: size.width, height: size.height + 200 })
      const stage = (await page.locator('#stage').boundingBox())!
      await page.setViewportSize({ width: size.width, height: Math.round(2 * size.height + 200 - stage.height) })
      await page.goto('about:blank')
      await page.goto(`${address}${hash}`)
      await page.locator('#facts', { hasText: 'zoom' }).waitFor()
      await settled(page)
      shots.push(
        await sharp(await page.locator('#stage').screenshot())
          .resize(size.width, size.height, { fit: 'cover' })
          .toBuffer(),
      )
      await page.close()
    }
    const gap = 8
    await sharp({ create: { width: 3 * size.width + 2 * gap, height: size.height, channels: 3, background: 'white' } })
      .composite(shots.map((input, at) => ({ input, left: at * (size.width + gap), top: 0 })))
      .jpeg({ quality: 88 })
      .toFile(path.join(root, 'docs', 'images', 'viewer.jpg'))
  })

  it('has complained of nothing, and asked nobody else', () => {
    expect(complaints).toEqual([])
    expect([...asked]).toEqual([address.slice(0, -1)])
  })
})
