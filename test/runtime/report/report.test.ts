import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { Script } from 'node:vm'
import sharp from 'sharp'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { UserError } from '../../../src/errors.ts'
import { type Image, type Report, writeReport } from '../../../src/runtime/report/report.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'archc-report-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const png = async (width: number, height: number): Promise<Image> => ({
  bytes: await sharp({ create: { width, height, channels: 3, background: '#a0c' } })
    .png()
    .toBuffer(),
  type: 'image/png',
  width,
  height,
})

let report: Omit<Report, 'folder'>
beforeAll(async () => {
  const [small, large] = [await png(10, 8), await png(33, 26)]
  report = {
    title: 'ISTE <tiny> & "Bicubic"',
    facts: [
      ['Seed', '7'],
      ['Command', "archc train --set 'a=<b>'"],
    ],
    losses: Array.from({ length: 50 }, (_, index) => ({ step: index * 10, loss: 1 / (index + 1) })),
    evaluation: {
      columns: ['scale', 'PSNR Bicubic / dB', 'PSNR ISTE / dB', 'gain / dB', 'SSIM Bicubic', 'SSIM ISTE'],
      rows: [
        [2, 31.204, 34.8312, '+3.63', 0.912, 0.95123],
        [3.3, 28.5, 27.25, '-1.25', 0.8, 0.8],
      ],
    },
    panels: [
      {
        scale: 3.3,
        field: 'slide "A" <1>.png',
        errorMax: 40,
        pictures: [
          { label: 'LR', image: small },
          { label: 'Bicubic', image: large, note: '31.20 dB', error: large },
          { label: 'ISTE', image: large, error: large },
          { label: 'Ground truth', image: large },
        ],
      },
    ],
    definitions: ['PSNR: RGB in [0, 1], shave ceil(m) + 6.'],
    warnings: ['Trained for 8 minutes.'],
  }
})

async function page(changes: Partial<Report> = {}): Promise<string> {
  return readFile(await writeReport({ ...report, folder, ...changes }), 'utf8')
}

const voidElements = new Set(['meta', 'img', 'br', 'hr', 'link', 'input'])

/** Every element closed in order, every attribute quoted and once, no bare `<`; scripts and styles set aside. Gives the elements back. */
function checkedElements(text: string): { name: string; attributes: Map<string, string> }[] {
  const open: string[] = []
  const elements: { name: string; attributes: Map<string, string> }[] = []
  const rest = text.replace(/^<!doctype html>/, '').replace(/<(script|style)>[\s\S]*?<\/\1>/g, '<$1></$1>')
  const tag = /<(\/?)([a-zA-Z][\w-]*)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>/g
  const textBetween = rest.replace(tag, (_all, closing: string, name: string, attributes: string, selfClosing: string) => {
    if (closing) expect(open.pop(), `</${name}>`).toBe(name)
    else {
      const pairs = [...attributes.matchAll(/([\w:-]+)="([^"]*)"/g)].map((match): [string, string] => [match[1]!, match[2]!])
      expect(new Set(pairs.map(([key]) => key)).size, `${name}: ${attributes}`).toBe(pairs.length)
      elements.push({ name, attributes: new Map(pairs) })
      if (!voidElements.has(name) && !selfClosing) open.push(name)
    }
    return ''
  })
  expect(open).toEqual([])
  expect(textBetween).not.toMatch(/[<>]/)
  expect(textBetween).not.toMatch(/&(?!(?:amp|lt|gt|quot|#39);)/)
  return elements
}

describe('the page', () => {
  it('is well formed, whatever the texts hold', async () => {
    const elements = checkedElements(await page())
    const ids = elements.flatMap(({ attributes }) => attributes.get('id') ?? [])
    expect(new Set(ids).size).toBe(ids.length)
    expect(elements.filter(({ name }) => name === 'h1')).toHaveLength(1)
    expect(elements.filter(({ name }) => name === 'img')).toHaveLength(6)
  })

  it('says the numbers, the definitions, the facts, the warnings, and what it is not', async () => {
    const text = (await page()).replace(/\s+/g, ' ')
    for (const said of [
      '31.20',
      '34.83',
      '+3.63',
      '0.9120',
      '0.9512',
      '×3.3',
      'PSNR: RGB in [0, 1], shave ceil(m) + 6.',
      'Trained for 8 minutes.',
      'archc train --set &#39;a=&lt;b&gt;&#39;',
      'Computed by a network: for research, not for diagnosis.',
      '≥ 40',
      'in levels of 255',
    ]) {
      expect(text).toContain(said)
    }
  })

  it('marks the higher value of each measure, both when they are equal', async () => {
    const strong = [...(await page()).matchAll(/<td>\s*<strong>([^<]*)<\/strong>/g)].map((match) => match[1])
    expect(strong).toEqual(['34.83', '0.9512', '28.50', '0.8000', '0.8000'])
  })

  it('loads nothing from anywhere: one file, every source inside it', async () => {
    const text = await page()
    expect(await readdir(folder)).toEqual(['index.html'])
    for (const { name, attributes } of checkedElements(text)) {
      for (const [key, value] of attributes) {
        if (['src', 'href', 'xlink:href', 'srcset'].includes(key))
          expect(`${name} ${value}`).toMatch(/^img data:image\/png;base64,/)
      }
    }
    // The viewer's library could load; the policy lets nothing in, and a browser asks for nothing (test/cli/experiment.test.ts).
    expect(/@import|url\(|\bfetch\(/.exec(text.replace(/<script>[^]*<\/script>/, ''))).toBeNull()
    expect(text).toContain('default-src &#39;none&#39;')
  })

  it('carries the pictures unchanged, with a text for each and their size', async () => {
    const images = checkedElements(await page()).filter(({ name, attributes }) => name === 'img' && attributes.has('src'))
    expect(images.map(({ attributes }) => attributes.get('alt'))).toEqual([
      'LR, ×3.3, slide &quot;A&quot; &lt;1&gt;.png',
      'Bicubic, ×3.3, slide &quot;A&quot; &lt;1&gt;.png',
      'Error map of Bicubic, ×3.3, slide &quot;A&quot; &lt;1&gt;.png',
      'ISTE, ×3.3, slide &quot;A&quot; &lt;1&gt;.png',
      'Error map of ISTE, ×3.3, slide &quot;A&quot; &lt;1&gt;.png',
      'Ground truth, ×3.3, slide &quot;A&quot; &lt;1&gt;.png',
    ])
    const [first] = images
    expect([first!.attributes.get('width'), first!.attributes.get('height')]).toEqual(['10', '8'])
    const { image: given } = report.panels[0]!.pictures[0]!
    expect(first!.attributes.get('src')).toBe(`data:image/png;base64,${given.bytes.toString('base64')}`)
  })

  it('shows a panel at a whole multiple of its pixels, and only what is larger than its frame is interpolated', async () => {
    expect(await page()).toContain('--width: 264px; --ratio: 33 / 26; --columns: 4')
    const wide = await png(500, 20)
    const panel = {
      scale: 2,
      field: 'f',
      pictures: [
        { label: 'LR', image: await png(250, 10) },
        { label: 'HR', image: wide },
      ],
    }
    const images = checkedElements(await page({ panels: [panel] })).filter(({ attributes }) => attributes.has('src'))
    expect(images.map(({ attributes }) => attributes.get('class'))).toEqual(['pixelated', ''])
  })

  it('has a script that parses, and reaches every picture by keyboard', async () => {
    const text = await page()
    const [, code] = /<script>([\s\S]*?)<\/script>/.exec(text) ?? []
    expect(() => new Script(code!)).not.toThrow()
    const buttons = checkedElements(text).filter(({ attributes }) => attributes.get('class') === 'picture')
    expect(buttons).toHaveLength(6)
    for (const { name, attributes } of buttons) {
      expect(name).toBe('button')
      expect(attributes.get('aria-label')).toMatch(/^Enlarge: /)
    }
    expect(buttons.map(({ attributes }) => attributes.get('data-row'))).toEqual(['p0', 'p0', 'e0', 'p0', 'e0', 'p0'])
  })

  it('of a run without losses, pictures or measurements leaves those parts out', async () => {
    const text = await page({ losses: [], panels: [], evaluation: { columns: [], rows: [] }, warnings: [] })
    checkedElements(text)
    for (const absent of ['Training loss', 'Pictures</h2>', 'Evaluation', 'Before you read on'])
      expect(text).not.toContain(absent)
    expect(text).toContain('for research, not for diagnosis')
  })

  it('is the same for the same run', async () => {
    expect((await page()) === (await page())).toBe(true)
  })
})

describe('the loss curve', () => {
  const curve = async (losses: Report['losses']) => /<svg[\s\S]*<\/svg>/.exec(await page({ losses }))?.[0] ?? ''
  const points = (svg: string) => (svg.match(/<path[^>]*fill="var\(--point\)"/g) ?? []).length

  it('has named axes, a point for each loss and a line, in the colours of the page', async () => {
    const svg = await curve(report.losses)
    expect(svg).toContain('training step')
    expect(svg).toContain('loss (logarithmic)')
    expect(points(svg)).toBe(50)
    expect(svg).toContain('stroke="var(--line)"')
    expect(svg).toContain('currentColor')
  })

  it('is linear where a logarithm says nothing or does not exist', async () => {
    expect(await curve([1, 0.9, 0.8].map((loss, step) => ({ step, loss })))).not.toContain('logarithmic')
    expect(await curve([1, 0.1, 0].map((loss, step) => ({ step, loss })))).not.toContain('logarithmic')
  })

  it('leaves out what is not finite and says how many', async () => {
    const losses = [1, NaN, 0.5, Infinity].map((loss, step) => ({ step, loss }))
    expect(points(await curve(losses))).toBe(2)
    expect(await page({ losses })).toContain('2 logged losses are not finite numbers')
  })

  it('stays small and quick for a long run, and says what it left out', async () => {
    const losses = Array.from({ length: 200_000 }, (_, step) => ({ step, loss: 2 + Math.sin(step) }))
    const before = performance.now()
    const text = await page({ losses, panels: [] })
    expect(performance.now() - before).toBeLessThan(5000)
    expect(text.length).toBeLessThan(400_000)
    expect(text).toMatch(/\(800 of 200000 shown\)/)
  })

  it('tells those who do not see it where it began and ended', async () => {
    const losses = Array.from({ length: 100 }, (_, index) => ({ step: index + 1, loss: index === 0 ? 0.75 : 0.125 }))
    expect(await page({ losses })).toContain('Loss over training steps 1 to 100: from 0.75 to 0.125 (smoothed).')
  })

  it('of one loss is a point', async () => {
    expect(points(await curve([{ step: 1, loss: 0.5 }]))).toBe(1)
  })
})

describe('what cannot be written', () => {
  it('a folder that is a file is named', async () => {
    await writeFile(path.join(folder, 'page'), '')
    const failed = writeReport({ ...report, folder: path.join(folder, 'page') })
    await expect(failed).rejects.toThrow(UserError)
    await expect(failed).rejects.toThrow(path.join(folder, 'page'))
  })

  it('error maps without their key are a bug of the caller', async () => {
    const [panel] = report.panels
    await expect(page({ panels: [{ ...panel!, errorMax: undefined }] })).rejects.toThrow('no errorMax')
    expect(await readdir(folder)).toEqual([])
  })
})
