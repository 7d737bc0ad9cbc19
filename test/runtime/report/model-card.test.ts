import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import type { Evaluation, TileResult } from '../../../src/runtime/evaluate/evaluate.ts'
import { createRun } from '../../../src/runtime/files/run-folder.ts'
import { describeModel, loadModel } from '../../../src/runtime/network/load-model.ts'
import { writeCard } from '../../../src/runtime/report/write-card.ts'
import { temporaryFolder } from '../network/small.ts'

const folder = temporaryFolder()
const inside = (...names: string[]): string => path.join(folder, ...names)

const degraded = 'train.degrade=[resize(kernel: bicubic), choose(0.8, [jpeg(quality: uniform(50, 98))])]'

/** A training that is over: so many steps, a loss that falls. */
async function ended(name: string, steps: number, set: string): Promise<void> {
  const loaded = loadModel('models/variants/iste-on-bicubic.arch', { preset: 'tiny', sets: [set, degraded] })
  const { text, model, options } = loaded
  await createRun(
    inside(name),
    {
      model: model.name, file: 'models/variants/iste-on-bicubic.arch', variants: model.variants, preset: 'tiny', options, values: describeModel(loaded).values, seed: 3, versions: {},
      engine: { description: 'an engine' }, data: [{ path: 'a.png', sha256: '1', group: 'A', low: { path: 'low/a.png', sha256: '3' }, split: 'train' }, { path: 'b.png', sha256: '2', group: 'B', split: 'val' }],
    },
    text,
  ) // prettier-ignore
  const line = (step: number): string => JSON.stringify({ step, loss: 1 / step, milliseconds: 60_000 })
  writeFileSync(inside(name, 'log.jsonl'), `${Array.from({ length: steps }, (_, at) => line(at + 1)).join('\n')}\n`)
}

const tile = (picture: string, at: number, gain: number): TileResult => ({
  picture, tile: at, m: 2, width: 8, height: 8, model: { psnr: 30 + gain, ssim: 0.9 + gain / 100 }, bicubic: { psnr: 30, ssim: 0.9 },
}) // prettier-ignore

it('a card has recipe, curve and scores; means are over pictures, and the weakest are named', async () => {
  await ended('first', 40, 'train.q=64')
  await ended('second', 20, 'train.q=32')
  mkdirSync(inside('judged'))
  const both = { psnr: 0, ssim: 0 }
  // Two tiles of one picture and one of another: the mean is +2, not +1.67.
  const evaluation: Evaluation = {
    model: 'ISTE', variants: [], preset: 'tiny', source: '', hash: '', scales: [{ m: 2, tiles: 3, shave: 8, model: both, bicubic: both }],
    tiles: [tile('in/a.png', 0, 0.5), tile('in/a.png', 1, 1.5), tile('in/b|c.png', 0, 3)], definitions: { psnr: 'PSNR: so' },
  } // prettier-ignore
  writeFileSync(inside('judged', 'evaluation.json'), JSON.stringify(evaluation))
  writeFileSync(inside('about.md'), '## About\n\nCC BY.')
  writeFileSync(inside('w.safetensors'), 'x')
  const options = {
    file: inside('w.safetensors'),
    runs: [inside('first'), inside('second')],
    evaluations: [`Others=${inside('judged')}`],
    about: inside('about.md'),
    out: inside('w.md'),
  }
  expect(await writeCard(options)).toEqual([inside('w.md'), inside('w.svg')])
  const card = readFileSync(inside('w.md'), 'utf8')
  expect(card).toMatch(/^# w\.safetensors: model card\n/)
  expect(card).toMatch(
    /\| network \| ISTE, ISTE on bicubic, preset `tiny`, [\d,]+ parameters, text `models\/variants\/iste-on-bicubic\.arch` \|/,
  )
  expect(card).toContain('| trained | 60 steps in 2 parts, 60 minutes on an engine |')
  expect(card).toMatch(
    /\| 1 \| 40 \| 3 \| `train\.q=64` `train\.degrade=.*` \| 1 of A \([0-9a-f]{16}\) \|\n\| 2 \| 20 \| 3 \| `train\.q=32` `train/,
  )
  expect(card).toContain(
    'What was done to pictures, in the last part:\n\n- `train.degrade`: `[resize(kernel: bicubic), choose(0.8, [jpeg(quality: uniform(50, 98))])]`\n- `train.augment`: `[flip_x, flip_y, transpose]`\n- low-resolution pictures of 1 of 1 were ready-made\n',
  )
  expect(card).toMatch(/!\[Loss over training steps 1 to 60: .*\]\(w\.svg\)/)
  expect(card).toContain('\n---\n\n## About\n\nCC BY.\n\n---\n')
  expect(card).toContain('| x2 | 32.00 | 30.00 | +2.00 | +1.00 to +3.00 | 0.9200 | 0.9000 | 2 of 2 |')
  expect(card).toContain('- x2: a.png (+1.00), b|c.png (+3.00)\n')
  expect(card).toContain('| b\\|c.png | 33.00 | +3.00 | 0.9300 | +0.0300 |')
  expect(card).not.toContain(folder)
  expect(readFileSync(inside('w.svg'), 'utf8')).toMatch(/^<svg style="[^"]*--line/)

  await expect(writeCard({ ...options, about: inside('none.md') })).rejects.toThrow('none.md')
  writeFileSync(inside('judged', 'evaluation.json'), '{')
  await expect(writeCard(options)).rejects.toThrow(`${inside('judged', 'evaluation.json')} is not what archc evaluate writes`)
})
