import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'
import sharp from 'sharp'
import { expect, it } from 'vitest'
import { writeReport } from '../../../src/runtime/report/report.ts'
import { findChromium } from '../../browser.ts'
import { temporaryFolder } from '../network/small.ts'

const executablePath = findChromium()
const counts = [4, 5, 6, 7, 8, 9]

if (!executablePath)
  it.skip('pictures on a page: there is no Chromium here; apt-get install chromium, or name one in CHROME', () => undefined)

/** A page with a panel for each count: LR, Bicubic, networks, the ground truth. */
async function page(): Promise<string> {
  const bytes = await sharp({ create: { width: 132, height: 120, channels: 3, background: '#a0c' } })
    .png()
    .toBuffer()
  const image = { bytes, type: 'image/png', width: 132, height: 120 } as const
  return writeReport({
    folder: temporaryFolder(),
    title: 'widths',
    facts: [],
    losses: [],
    evaluation: { columns: ['scale'], rows: [] },
    panels: counts.map((count) => ({
      scale: 2,
      field: `${count}.png`,
      errorMax: 9,
      pictures: Array.from({ length: count }, (_, at) => ({
        label: at === 0 ? 'LR' : at === count - 1 ? 'ground truth' : `a network with a long name ${at}`,
        image,
        ...(at > 0 && at < count - 1 && { note: '23.45 dB here', error: image }),
      })),
    })),
    definitions: [],
    warnings: [],
  })
}

it.skipIf(!executablePath)(
  'the ground truth has a picture beside it, whatever the width and the number of pictures',
  async () => {
    const file = await page()
    const browser = await chromium.launch({ executablePath: executablePath!, args: ['--no-sandbox'] })
    try {
      for (const width of [360, 400, 700, 832, 833, 1100, 1152, 1600]) {
        const shown = await browser.newPage({ viewport: { width, height: 900 } })
        await shown.goto(pathToFileURL(path.resolve(file)).href)
        const { rows, wide } = await shown.evaluate<{ rows: number[][]; wide: number }>(`({
        rows: [...document.querySelectorAll('.row')].map((row) => {
          const tops = [...row.querySelectorAll('.column')].map((each) => Math.round(each.getBoundingClientRect().top))
          return [...new Set(tops)].map((top) => tops.filter((each) => each === top).length)
        }),
        wide: document.documentElement.scrollWidth,
      })`)
        const place = `${width} pixels`
        expect(wide, place).toBe(width)
        expect(rows, place).toEqual(
          width > 832
            ? [[4], [3, 2], [3, 3], [4, 3], [4, 4], [3, 3, 3]]
            : [
                [2, 2],
                [1, 2, 2],
                [2, 2, 2],
                [1, 2, 2, 2],
                [2, 2, 2, 2],
                [1, 2, 2, 2, 2],
              ],
        )
        await shown.close()
      }
    } finally {
      await browser.close()
    }
  },
)
