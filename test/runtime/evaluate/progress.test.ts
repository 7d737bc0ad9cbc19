import path from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { listData, type DataEntry } from '../../../src/runtime/data/dataset.ts'
import { writePng } from '../../../src/runtime/data/png-writer.ts'
import { evaluate, evaluationSeconds, type EvaluationProgress } from '../../../src/runtime/evaluate/evaluate.ts'
import type { OpenedNetwork } from '../../../src/runtime/network/open-network.ts'
import { model, painted, quietEngine, started, temporaryFolder } from '../network/small.ts'

const folder = temporaryFolder()
let entries: readonly DataEntry[]
let opened: OpenedNetwork

beforeAll(async () => {
  await quietEngine()
  await writePng(painted(60, 40, 1), path.join(folder, 'a.png'))
  await writePng(painted(60, 70, 2), path.join(folder, 'b.png'))
  entries = await listData(folder)
  const loaded = model('liif.arch', ['encoder.window=4', 'evaluate.tile=40'])
  opened = { loaded, network: started(loaded), hash: '', source: '' }
})

describe('an evaluation', () => {
  it('tells how far it is within every tile, and how much time is left once a picture is done', async () => {
    const told: EvaluationProgress[] = []
    await evaluate(opened, { entries, scales: [2, 3], onProgress: (progress) => told.push(progress) })
    const shares = told.map(({ share }) => share)
    expect(shares).toEqual(shares.toSorted((a, b) => a - b))
    expect(told.at(-1)).toEqual({ done: 4, total: 4, what: 'b.png x3', share: 1 })
    expect(new Set(told.map(({ what }) => what))).toEqual(new Set(['a.png x2', 'a.png x3', 'b.png x2', 'b.png x3']))
    // Tiles of at most 40: 60 x 40 are two, 60 x 70 four.
    expect(told.filter(({ what }) => what === 'b.png x2').length).toBeGreaterThan(
      told.filter(({ what }) => what === 'a.png x2').length,
    )
    for (const { done, share, secondsLeft } of told) {
      expect(secondsLeft !== undefined).toBe(done > 0 && share < 1)
      if (secondsLeft !== undefined) expect(secondsLeft).toBeGreaterThan(0)
    }
  })

  it('is estimated by its tiles: twice as many take more', () => {
    const [[one], [two], [four]] = evaluationSeconds(
      opened,
      [
        { width: 32, height: 32 },
        { width: 64, height: 32 },
        { width: 64, height: 64 },
      ],
      { scales: [2] },
    ) as [[number], [number], [number]]
    expect(one).toBeGreaterThan(0)
    expect(two).toBeGreaterThan(one)
    expect(four).toBeGreaterThan(two)
  })
})
