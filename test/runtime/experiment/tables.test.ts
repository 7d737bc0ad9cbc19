import { expect, it } from 'vitest'
import type { ExperimentText } from '../../../src/runtime/experiment/experiment.ts'
import { markdownOf } from '../../../src/runtime/experiment/markdown.ts'
import { pageOf } from '../../../src/runtime/experiment/page.ts'
import type { EvaluationRecord, Results } from '../../../src/runtime/experiment/results.ts'
import { tablesOf, type Cell } from '../../../src/runtime/experiment/tables.ts'

const machine = { cpu: 'c', cores: 2, memory: '1 GB', system: 's', engine: 'e', archc: '0' }
const pictures = ['a', 'a', 'a', 'a', 'b', 'b', 'b', 'b']
const bicubic = [30, 31, 32, 33, 30, 31, 32, 33]
/** Bicubic's tiles, each with its own share added. */
const above = (add: (tile: number) => number): number[] => bicubic.map((value, tile) => value + add(tile))

const evaluated = (system: string, seed: number, psnr: readonly number[], m = 2): EvaluationRecord => ({
  training: `${system} ${seed}`, block: 'one', system, seed, m, scope: 'full', isScopeNamed: false, shave: 8, values: { psnr },
  mean: { psnr: 0, ssim: 0 }, definitions: 'd', network: 'n', seconds: 4, machine,
}) // prettier-ignore
const trained = (system: string, seed: number) => ({
  key: `${system} ${seed}`, block: 'one', system, seed, model: system, variants: [], preset: '', sets: [], parameters: 1234, steps: 10, seconds: 90, machine, losses: [[5, 0.2], [10, 0.1]] as const,
}) // prettier-ignore

const results: Results = {
  format: 1,
  experiment: 't',
  budget: { steps: 10 },
  metrics: ['psnr'],
  data: {
    train: { pictures: 9, groups: ['A'], digest: 'x' },
    test: { pictures: 2, groups: [], digest: 'y' },
    shared: [],
    isGiven: false,
  },
  tile: 64,
  scales: [{ m: 2, tiles: pictures.map((name, at) => `${name} ${at % 4}`), pictures, megapixels: 2, bicubic: { psnr: bicubic } }],
  trainings: [trained('good', 1), trained('good', 2), trained('near', 1), trained('worse', 1)],
  evaluations: [
    evaluated(
      'good',
      1,
      above(() => 2.1),
    ),
    evaluated(
      'good',
      2,
      above(() => 1.9),
    ),
    evaluated(
      'near',
      1,
      above((tile) => 1.99 + (tile % 2 ? 0.1 : -0.1)),
    ),
    evaluated(
      'worse',
      1,
      above((tile) => (tile % 2 ? 0.5 : -0.5)),
    ),
  ],
  pictures: [],
  definitions: { d: { psnr: 'PSNR: so', scope: 'best_match chooses from full' } },
  missing: ['worse, one, seed 2'],
}

const text: ExperimentText = {
  title: 'A <title>',
  data: { train: 't', test: 'e', split: 's', leaks: 'l' },
  scales: { in: [2] },
  budget: { steps: 10 },
  concludes: 'Nothing.',
  blocks: [{ name: 'one', systems: [{ name: 'good', model: 'good.arch' }] }],
  paper: { source: 'p', scales: [2], rows: [{ dataset: 'D', system: 'Bicubic', psnr: [20] }, { dataset: 'D', system: 'good', psnr: [23] }] },
} // prettier-ignore

const cells = (changed: Partial<ExperimentText> = {}): Record<string, Record<string, Cell>> =>
  Object.fromEntries(
    tablesOf({ ...text, ...changed }, results).flatMap(({ tables }) =>
      tables.map(({ title, rows }) => [title, Object.fromEntries(rows.map((row) => [row.name, row.cells[0]!]))]),
    ),
  )

it('levels: the best in bold, its seeds as mean and range, what cannot be told apart from it marked', () =>
  expect(cells()['PSNR (dB)']).toEqual({
    Bicubic: { text: '31.50', value: 31.5 },
    good: { text: '33.50', beside: '33.40 to 33.60', value: 33.5, isStrong: true },
    near: { text: '33.49 ≈', value: expect.closeTo(33.49) as number },
    worse: { text: '31.50', value: 31.5 },
  }))

it('differences from Bicubic: exact where all tiles agree, open where they cancel', () => {
  const found = cells()['PSNR (dB): difference from Bicubic']!
  expect(found['good']).toEqual({ text: '+2.000', beside: '+2.000 to +2.000', value: expect.closeTo(2) as number })
  expect(found['worse']!.text).toBe('0.000 ≈')
  const [low, high] = found['worse']!.beside!.split(' to ').map(Number)
  // Eight draws of -0.5 or 0.5: 1.96 of their standard error, in steps of an eighth.
  expect(low).toBeCloseTo(-0.375, 6)
  expect(high).toBeCloseTo(0.375, 6)
})

it('differences from the best, or from the reference that the block names', () => {
  expect(cells()['PSNR (dB): difference from the best network']!['good']).toEqual({ text: '–', value: 0 })
  const blocks = [{ ...text.blocks[0]!, reference: 'worse' }]
  const found = cells({ blocks })
  expect(found['PSNR (dB)']!['worse']!.isStrong).toBe(true)
  expect(found['PSNR (dB): difference from worse']!['good']).toMatchObject({ text: '+2.000' })
})

it('pictures are too few to be drawn: no interval, no mark', () =>
  expect(cells({ resample: 'pictures' })['PSNR (dB): difference from Bicubic']!['worse']).toEqual({ text: '0.000', value: 0 }))

/** The notes below levels and differences where the scales have so many tiles. */
function notes(counts: readonly number[], resample: ExperimentText['resample'] = 'tiles'): string[] {
  const scales = counts.map((count, at) => ({
    m: at + 2,
    tiles: pictures.slice(0, count).map((name, tile) => `${name} ${tile}`),
    pictures: pictures.slice(0, count),
    megapixels: 2,
    bicubic: { psnr: bicubic.slice(0, count) },
  }))
  const evaluations = counts.map((count, at) => evaluated('good', 1, bicubic.slice(0, count), at + 2))
  const [block] = tablesOf({ ...text, resample }, { ...results, scales, evaluations })
  return block!.tables.slice(0, 2).map((table) => table.notes[0]!)
}

it.each<[string, string[], string]>([
  ['enough tiles', notes([8, 6]), 'Bold: the best network. ≈ cannot be told apart from it. | Beside each the 95 % interval. ≈ it holds 0: the two cannot be told apart on these pictures.'],
  ['two tiles', notes([2]), 'Bold: the best network. What can be told apart is not known: 2 tiles are too few for an interval, which takes 6. | What can be told apart is not known: 2 tiles are too few for an interval, which takes 6.'],
  ['one picture', notes([4], 'pictures'), 'Bold: the best network. What can be told apart is not known: one picture is too few for an interval, which takes 6. | What can be told apart is not known: one picture is too few for an interval, which takes 6.'],
  ['few at one scale', notes([8, 5]), 'Bold: the best network. ≈ cannot be told apart from it. Not at x3: 5 tiles are too few for an interval, which takes 6. | Beside each the 95 % interval. ≈ it holds 0: the two cannot be told apart on these pictures. Not at x3: 5 tiles are too few for an interval, which takes 6.'],
])('notes promise intervals only where there are any: %s', (_what, found, expected) =>
  expect(found.join(' | ')).toBe(expected)) // prettier-ignore

it('costs, and the paper beside with its gain', () => {
  const found = tablesOf(text, results).flatMap(({ tables }) => tables)
  expect(found.find(({ title }) => title === 'Costs')!.rows[0]).toEqual({
    name: 'good',
    cells: [{ text: '1,234', value: 1234 }, { text: '10', value: 10 }, { text: '1, 2' }, { text: '1.5', value: 1.5 }, { text: '2.0', value: 2 }],
  }) // prettier-ignore
  expect(cells()['D: PSNR (dB)']).toEqual({
    Bicubic: { text: '20.00', value: 20 },
    good: { text: '23.00', beside: '+3.00', value: 23 },
  })
})

it('page and Markdown say what is missing, escape what is not theirs, and load nothing', async () => {
  const page = await pageOf(text, results, 'none')
  expect(page).toContain('<h1>A &lt;title&gt;</h1>')
  expect(page).toContain('Missing: worse, one, seed 2.')
  expect(page).not.toMatch(/https?:(?!\/\/www\.w3\.org\/)/)
  const markdown = markdownOf(text, results)
  expect(markdown).toContain('**Not run to the end.** Missing: worse, one, seed 2.')
  expect(markdown).toContain('| good | **33.50** (33.40 to 33.60) |')
  expect(markdown).toContain('- judged on: 2 pictures (SHA-256 y); 8 tiles of at most 64 x 64 a scale\n')
})

it('says of scales that they are in distribution only of a block in which something was trained', () => {
  const ready = results.trainings.map(({ steps: _steps, seconds: _seconds, ...given }) => ({ ...given, losses: [] }))
  const groups = (of: Results): unknown[] => tablesOf(text, of)[0]!.tables[0]!.columns.map(({ group }) => group)
  expect(groups(results)).toContain('in distribution')
  expect(new Set(groups({ ...results, trainings: ready }))).toEqual(new Set([undefined]))
})
