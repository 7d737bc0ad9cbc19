import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { setTimeout as wait } from 'node:timers/promises'
import sharp from 'sharp'
import { beforeAll, describe, expect, it } from 'vitest'
import { readExperiment } from '../../src/runtime/experiment/experiment.ts'
import { planExperiment, type Training } from '../../src/runtime/experiment/plan.ts'
import type { Results } from '../../src/runtime/experiment/results.ts'
import { chromium } from 'playwright-core'
import { findChromium } from '../browser.ts'
import { root, temporaryFolder, testField, tinier } from '../runtime/network/small.ts'
import { archc, startArchc, type Outcome, type Started } from './run-archc.ts'

const folder = temporaryFolder()
const file = path.join(folder, 'mini.yaml')
const state = path.join(folder, 'state')
const results = path.join(folder, 'results', 'mini')
const from = (name: string): string => path.relative(folder, path.join(root, name))
const steps = 60
const command = ['experiment', 'run', file, '--state', state]

let trainings: readonly Training[]
beforeAll(async () => {
  mkdirSync(path.join(folder, 'fields'))
  // Tissue, not glass: six tiles of 32.
  await sharp(testField)
    .extract({ left: 400, top: 300, width: 96, height: 64 })
    .toFile(path.join(folder, 'fields', 'field.png'))
  writeFileSync(
    file,
    `title: Two small networks
data: { train: ${from('samples/train.csv')}, test: fields, split: by slide, leaks: none }
scales: { in: [2] }
budget: { steps: ${steps} }
set: ['train.degrade=[resize(kernel: bicubic)]']
metrics: [psnr, ssim, frechet]
evaluate: { tile: 32 }
keep_weights: all
concludes: Nothing, after ${steps} steps.
blocks:
  - name: on bicubic
    show: [{ picture: field.png, m: 2 }]
    systems:
      - { name: ISTE, model: ${from('models/variants/iste-on-bicubic.arch')}, preset: tiny, set: [${tinier.join(', ')}] }
      - { name: EDSR, model: ${from('models/variants/edsr-on-bicubic.arch')}, preset: tiny, at: { 2: {} } }
`,
  )
  trainings = (await planExperiment(readExperiment(file))).trainings
})

const runOf = (system: number): string => path.join(state, trainings[system]!.key)
const logOf = (system: number): number[] =>
  existsSync(path.join(runOf(system), 'log.jsonl'))
    ? readFileSync(path.join(runOf(system), 'log.jsonl'), 'utf8').split('\n').slice(0, -1).map((line) => (JSON.parse(line) as { step: number }).step)
    : [] // prettier-ignore

/** Waits until the training of a system has made so many steps. */
async function reached(system: number, step: number, { child, outcome }: Started): Promise<void> {
  while (logOf(system).length < step) {
    if (child.exitCode !== null) throw new Error(`it ended before step ${step}: ${(await outcome).stderr}`)
    await wait(4)
  }
}

/** When every file below a folder was written. */
const times = (at: string): Record<string, number> =>
  Object.fromEntries(
    readdirSync(at, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name))
      .map((name) => [name, statSync(name).mtimeMs]),
  )

const whole = Array.from({ length: steps }, (_, at) => at + 1)
const read = (name: string): string => readFileSync(path.join(results, name), 'utf8')

describe('archc experiment run', () => {
  it('Ctrl-C ends it after the step; killed in the next training, it has lost nothing of the first', async () => {
    const stopped = startArchc(command)
    await reached(0, 25, stopped)
    stopped.child.kill('SIGINT')
    const { code, stderr } = await stopped.outcome
    expect(code).toBe(130)
    expect(stderr).toMatch(/stopping after this step; everything is saved[^]*stopped; the same command goes on\n$/)
    const before = logOf(0).length
    expect(before).toBeLessThan(steps)

    const killed = startArchc(command)
    await reached(1, 25, killed)
    killed.child.kill('SIGKILL')
    expect((await killed.outcome).stderr).toContain(`ISTE, on bicubic, seed 1: resuming ${runOf(0)} at step ${before}\n`)
    expect(logOf(0)).toEqual(whole)
  })

  it('two at once: one goes on with what was cut off, the other leaves it alone; what is done stays as it is', async () => {
    const done = times(runOf(0))
    const both = await Promise.all([archc(command), archc(command)])
    const said = (text: RegExp): number => both.filter(({ stderr }: Outcome) => text.test(stderr)).length
    expect(both.map(({ code }) => code)).toEqual([0, 0])
    expect(both.map(({ stdout }) => stdout)).toEqual(Array(2).fill(`done: ${path.join(results, 'index.html')}\n`))
    expect(said(/EDSR, on bicubic, x2, seed 1: resuming .* at step (20|40)\n/)).toBe(1)
    expect(said(/waiting for another process: EDSR, on bicubic, x2, seed 1 \(process \d+\)/)).toBe(1)
    expect(said(/EDSR, on bicubic, x2, seed 1: evaluated at x2/)).toBe(1)
    expect(said(/ISTE/)).toBe(0)
    expect(logOf(1)).toEqual(whole)
    expect(times(runOf(0))).toEqual(done)
  })

  it('again: nothing is computed, and the results are the same', async () => {
    const before = [times(state), read('results.json'), read('tables.md'), read('index.html')]
    const { code, stderr } = await archc(command)
    expect({ code, stderr }).toEqual({ code: 0, stderr: 'to train on: 9 pictures\nto judge on: 1 picture\n' })
    expect([times(state), read('results.json'), read('tables.md'), read('index.html')]).toEqual(before)
  })

  it('results.json has every number with what it is', () => {
    const { scales, trainings: trained, evaluations, definitions, missing, data } = JSON.parse(read('results.json')) as Results
    expect(missing).toEqual([])
    expect(scales.map(({ m, tiles }) => [m, tiles])).toEqual([[2, [0, 1, 2, 3, 4, 5].map((tile) => `field.png ${tile}`)]])
    expect(data.train).toMatchObject({ pictures: 9, groups: ['brecahad A', 'brecahad B', 'brecahad C'] })
    expect(trained.map(({ system, steps: done, parameters, losses, weights }) => [system, done, parameters, losses.at(-1)![0], weights])).toEqual([
      ['ISTE', steps, trainings[0]!.parameters, steps, 'weights/on-bicubic-iste-seed-1.safetensors'],
      ['EDSR', steps, trainings[1]!.parameters, steps, 'weights/on-bicubic-edsr-x2-seed-1.safetensors'],
    ])
    expect(evaluations).toHaveLength(2)
    for (const { m, shave, scope, values, mean, definitions: id, seconds, machine } of evaluations) {
      expect({ m, shave, scope }).toEqual({ m: 2, shave: 8, scope: 'lattice(2304)' })
      expect(Object.keys(definitions[id]!)).toEqual(expect.arrayContaining(['psnr', 'ssim', 'tiles', 'scope', 'cell_clip', 'degradation', 'bicubic']))
      expect(mean.psnr).toBeCloseTo(values.psnr!.reduce((sum, value) => sum + value, 0) / 6, 6)
      expect(seconds).toBeGreaterThan(0)
      expect(machine.cores).toBeGreaterThan(0)
    }
    expect(JSON.stringify({ ...JSON.parse(read('results.json')) as object })).not.toContain(folder)
  }) // prettier-ignore

  it('the tables: Bicubic, both systems, differences with intervals, costs, definitions', () => {
    const tables = read('tables.md')
    expect(tables).toMatch(
      /\n### PSNR \(dB\)\n\n\| system \| x2 \|\n\|---\|---:\|\n\| Bicubic \| \d\d\.\d\d \|\n\| ISTE \| \S+( ≈)? \|\n\| EDSR \| \S+( ≈)? \|\n/,
    )
    expect(tables).toMatch(/\n\| ISTE \| [+-]\d\.\d{3}( ≈)? \([+-]?\d\.\d{3} to [+-]?\d\.\d{3}\) \|\n/)
    expect(tables).toMatch(
      /\n### Frechet distance \(nsfwjs Inception-v3\)\n\n\| system \| x2 \|\n\|---\|---:\|\n\| Bicubic \| \d+\.\d\d \|\n\| ISTE \| \d+\.\d\d \|\n\| EDSR \| \d+\.\d\d \|\n\nLower is better. 6 samples for 2048 features: the covariance is singular/,
    )
    expect(tables).toContain('\n- border left out for PSNR: 8 px at x2\n')
    expect(read('index.html')).toContain('Nothing, after 60 steps.')
  })
})

describe.skipIf(!findChromium())('the page in a browser, from its file', () => {
  /** What each open pane shows, as the page's own script has it. */
  const looked = `panes.filter(({ figure }) => !figure.hidden).map(({ viewer }) => {
    const { x, y, width } = viewer.viewport.getBounds(true)
    return [x, y, width].map((value) => Number(value.toFixed(3))).join(' ')
  })`
  /** How many colours the canvas of each open pane has: one is an empty pane. */
  const colours = `panes.filter(({ figure }) => !figure.hidden).map(({ viewer }) => {
    const { canvas } = viewer.drawer
    return new Set(new Uint32Array(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.buffer)).size > 20
  })`

  it('loads nothing, sorts by a column, and zooms all panes of a row together', async () => {
    const browser = await chromium.launch({ executablePath: findChromium()!, args: ['--no-sandbox'] })
    try {
      const page = await browser.newPage({ viewport: { width: 1200, height: 800 } })
      const complaints: string[] = []
      const asked: string[] = []
      page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
      page.on('pageerror', (error) => complaints.push(error.message))
      page.on('request', (request) => asked.push(request.url()))
      await page.goto(pathToFileURL(path.join(results, 'index.html')).href)

      const table = page.locator('table').first()
      const numbers = async (): Promise<number[]> =>
        (await table.locator('tbody td:nth-child(2)').allTextContents()).map(parseFloat)
      const before = await numbers()
      await table.getByRole('button', { name: 'x2' }).click()
      expect(await numbers()).toEqual(before.toSorted((a, b) => b - a))

      await page.getByRole('button', { name: 'Enlarge: ISTE, ×2' }).click()
      await expect.poll(() => page.evaluate(colours)).toEqual(Array(5).fill(true))
      const whole = await page.evaluate<string[]>(looked)
      expect(new Set(whole).size).toBe(1)
      await page.locator('.stage figure > div').nth(1).hover()
      await page.mouse.wheel(0, -600)
      await expect.poll(async () => (await page.evaluate<string[]>(looked))[1]).not.toBe(whole[1])
      await expect.poll(async () => new Set(await page.evaluate<string[]>(looked)).size).toBe(1)

      const zoomed = Number((await page.evaluate<string[]>(looked))[0]!.split(' ')[2])
      expect(zoomed).toBeLessThan(Number(whole[0]!.split(' ')[2]))
      await page.getByRole('button', { name: 'ISTE', exact: true }).click()
      expect(await page.evaluate<string[]>(looked)).toHaveLength(1)
      await page.keyboard.press('ArrowRight')
      expect(await page.locator('dialog header p').textContent()).toMatch(/^EDSR, ×2, field.png/)
      await page.getByRole('button', { name: 'Close' }).click()
      expect(complaints).toEqual([])
      expect(asked.filter((url) => !url.startsWith('data:'))).toEqual([pathToFileURL(path.join(results, 'index.html')).href])
    } finally {
      await browser.close()
    }
  })
})

describe('figures of the results', () => {
  const draw = (runs: string, ...more: string[]): Promise<Outcome> =>
    archc([
      'figure',
      'compare',
      path.join(folder, 'fields', 'field.png'),
      '--runs',
      runs,
      '--scales',
      '2',
      '-o',
      path.join(folder, 'all'),
      ...more,
    ])

  /** Names of networks and of their weights in the last figure. */
  const drawn = (): string[][] => {
    const { systems } = JSON.parse(readFileSync(path.join(folder, 'all.json'), 'utf8')) as {
      systems: { label: string; weights: string }[]
    }
    return systems.map(({ label, weights }) => [label, weights])
  }

  it('have every system whose weights are kept', async () => {
    expect((await draw(results, '--at', '8,8,48')).code).toBe(0)
    expect(drawn()).toEqual([
      ['ISTE', 'on-bicubic-iste-seed-1.safetensors'],
      ['EDSR', 'on-bicubic-edsr-x2-seed-1.safetensors'],
    ])
  })

  it('have the trainings themselves where no weights are kept and the state is there', async () => {
    const bare = path.join(folder, 'bare')
    mkdirSync(bare)
    writeFileSync(path.join(bare, 'results.json'), read('results.json').replace(/,\s*"weights": "[^"]*"/g, ''))
    const { code, stderr } = await draw(bare, '--at', '8,8,48', '--state', state)
    expect(code, stderr).toBe(0)
    expect(drawn()).toEqual([
      ['ISTE', trainings[0]!.key],
      ['EDSR', trainings[1]!.key],
    ])
    expect(await draw(bare, '--state', path.join(folder, 'nowhere'))).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /^error: .*bare keeps no weights, and its trainings are not in .*nowhere\n {2}help: /,
      ) as string,
    })
  })

  it('name the blocks where the one that is asked for is none', async () => {
    const { code, stderr } = await draw(results, '--block', 'as publisht')
    expect(code).toBe(1)
    expect(stderr).toContain(
      `error: ${results} has no block as publisht with weights\n  help: name one with --block: on bicubic\n`,
    )
  })
})

it('run where nothing is stored, as in a fresh clone, keeps the numbers that stand in the results until it has its own', async () => {
  const elsewhere = path.join(folder, 'elsewhere')
  const before = JSON.parse(read('results.json')) as Results
  const started = startArchc(['experiment', 'run', file, '--state', elsewhere])
  const log = path.join(elsewhere, trainings[1]!.key, 'log.jsonl')
  while (!existsSync(log)) {
    if (started.child.exitCode !== null) throw new Error((await started.outcome).stderr)
    await wait(4)
  }
  started.child.kill('SIGTERM')
  expect((await started.outcome).code).toBe(143)
  const { trainings: found, evaluations, pictures, missing } = JSON.parse(read('results.json')) as Results
  expect(missing).toEqual([])
  expect(found[0]!.key).toBe(before.trainings[0]!.key)
  expect(found[0]!.seconds).not.toBe(before.trainings[0]!.seconds)
  expect(found[1]).toEqual(before.trainings[1])
  expect(evaluations[1]).toEqual(before.evaluations[1])
  expect(pictures).toEqual(before.pictures)
})

describe('archc experiment report', () => {
  it('makes tables and page again without running anything', async () => {
    const before = [read('tables.md'), read('index.html')]
    expect(readdirSync(path.join(results, 'pictures'))).toEqual([
      'field-x2-lr.webp',
      'field-x2-on-bicubic-edsr.webp',
      'field-x2-on-bicubic-iste.webp',
      'field-x2-truth.webp',
    ])
    for (const name of ['tables.md', 'index.html']) rmSync(path.join(results, name))
    const { code, stderr } = await archc(['experiment', 'report', file])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect([read('tables.md'), read('index.html')]).toEqual(before)
  })

  it('--evaluate makes the numbers again from the weights that are kept', async () => {
    rmSync(state, { recursive: true })
    const { code, stdout } = await archc(['experiment', 'report', file, '--evaluate'])
    expect(code).toBe(0)
    const [, psnr, ssim] = /^2 evaluations made again from weights; no tile differs by more than psnr by (\S+), ssim by (\S+)\n/.exec(stdout) ?? []
    // They are kept in half precision.
    expect(Number(psnr)).toBeLessThan(1e-2)
    expect(Number(ssim)).toBeLessThan(1e-3)
  }) // prettier-ignore

  it.each([
    [['experiment', 'report', file, '--out', 'nowhere'], 1, 'error: there are no results in nowhere\n'],
    [['experiment', 'report', file, '--evaluate', '--test', testField], 1, `error: ${results} was made on other pictures or tiles\n`],
    [['experiment', 'run', file, '--only', 'EDRS'], 1, 'error: nothing in this experiment is called EDRS\n'],
    [['experiment', 'run', file, '--steps', '0'], 2, "error: option '--steps <n>' argument '0' is invalid. It takes a whole number of at least 1.\n"],
    [['experiment', 'run', 'samples/train.csv', '--dry-run'], 1, 'error: one thing is wrong in samples/train.csv\nsamples/train.csv:1:1: the file must be object'],
  ])('%j', async (args, code, message) => {
    const outcome = await archc(args)
    expect(outcome.code).toBe(code)
    expect(outcome.stderr).toContain(message)
  }) // prettier-ignore
})

it('--dry-run says what there is to do', async () => {
  const { code, stdout } = await archc(['experiment', 'run', file, '--dry-run', '--state', path.join(folder, 'other')])
  expect(code).toBe(0)
  expect(stdout.split('\n')).toEqual([
    expect.stringMatching(
      /^\[1 of 2\] ISTE, on bicubic, seed 1: [\d,]+ parameters, to be trained, 0 of 1 evaluations done \([0-9a-f]{16}\)$/,
    ),
    expect.stringMatching(/^\[2 of 2\] EDSR, on bicubic, x2, seed 1: /),
    `9 pictures to train on, 1 to judge on; kept in ${path.join(folder, 'other')}`,
    '',
  ])
})

it('weights that are there are judged without a training, each block on pictures of its own', async () => {
  const file = path.join(folder, 'ready.yaml')
  const systems =
    'systems: [{ name: Lanczos, model: archc/lanczos.arch }, { name: plain, weights: plain }, { name: mine, model: mine.arch }]'
  copyFileSync(path.join(root, 'models', 'bicubic.arch'), path.join(folder, 'mine.arch')) // beside the file, wherever archc is called
  writeFileSync(
    file,
    `title: Clean and compressed
data: { test: fields, split: by slide, leaks: none }
scales: { in: [2] }
metrics: [psnr, consistency]
evaluate: { tile: 32 }
concludes: Little, of one field.
blocks:
  - { name: clean, set: ['evaluate.degrade=[resize(kernel: bicubic)]'], ${systems} }
  - { name: compressed, set: ['evaluate.degrade=[resize(kernel: bicubic), jpeg(quality: 60)]'], ${systems} }
`,
  )
  const command = ['experiment', 'run', file, '--state', path.join(folder, 'ready-state'), '-o', path.join(folder, 'ready')]
  const first = await archc(command)
  expect(first.code).toBe(0)
  expect(first.stderr).not.toContain('step 1')
  const { scales, evaluations, trainings } = JSON.parse(
    readFileSync(path.join(folder, 'ready', 'results.json'), 'utf8'),
  ) as Results
  expect(scales.map(({ m, block }) => [m, block])).toEqual([[2, 'clean'], [2, 'compressed']]) // prettier-ignore
  const [clean, compressed] = scales.map(({ bicubic }) => bicubic.psnr!) as [number[], number[]]
  clean.forEach((value, tile) => expect(value).toBeGreaterThan(compressed[tile]! + 0.5))
  expect(evaluations.map(({ block, system }) => `${block} ${system}`)).toEqual(['clean Lanczos', 'clean plain', 'clean mine', 'compressed Lanczos', 'compressed plain', 'compressed mine']) // prettier-ignore
  evaluations.forEach(({ mean }) => expect(mean.consistency).toBeGreaterThan(mean.psnr))
  trainings.forEach(({ steps, losses }) => expect([steps, losses]).toEqual([undefined, []]))
  expect(readFileSync(path.join(folder, 'ready', 'tables.md'), 'utf8')).toContain('made smaller again')
  const again = await archc(command)
  expect(again.code).toBe(0)
  expect(again.stderr).not.toContain('evaluated')
})
