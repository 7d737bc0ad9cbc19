import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { loadModel } from '../../../src/runtime/network/load-model.ts'
import { train } from '../../../src/runtime/train/train.ts'
import { quietEngine, temporaryFolder } from '../network/small.ts'
import { fields } from './fields.ts'
import { outcome } from './outcome.ts'

const folder = temporaryFolder()
const at = (name: string): string => path.join(folder, name)

it('a training under everything that is drawn, which is told the compression, resumes bit for bit', async () => {
  writeFileSync(
    at('told.arch'),
    `model Told(width: int = 8) {
  scale m = 2
  input lr: [B, h, w, 3] as image
  input strength: [B, 1] as compression
  output sr: [B, m * h, m * w, 3] as image
  let gain = strength -> linear(out: width) -> sigmoid -> rearrange("B c -> B 1 1 c")
  let f = (lr -> conv(out: width, kernel: 3) -> relu) * gain
  return f -> conv(out: 3 * m * m, kernel: 3) -> pixel_shuffle(by: m)
}
train {
  B: 3, h: 16, w: 16
  degrade: [
    choose(0.5, [blur(sigma: uniform(0, 1))], [defocus(radius: uniform(0.5, 2))]),
    choose(0.5, [resize(kernel: bilinear, by: uniform(0.6, 1.2)), jpeg(quality: 70)]),
    resize(kernel: [bicubic, bilinear]),
    choose(0.3, [noise(gaussian, sigma: uniform(1, 4), grey: true)], [noise(poisson, scale: uniform(0.1, 1))]),
    sharpen(amount: uniform(0, 1), radius: 1),
    choose(0.7, [jpeg(quality: uniform(50, 98), subsampling: ["4:2:0", "4:2:2", "4:4:4"])])
  ]
  augment: [flip_x, flip_y, transpose, rotate, stain(sigma: 0.05, shift: 0.02)]
  loss: l1(sr, target)
  optimizer: adam(lr: 1e-3)
}
`,
  )
  const engine = await quietEngine()
  const options = (out: string) => ({
    loaded: loadModel(at('told.arch'), {}),
    data: fields,
    out: at(out),
    engine,
    seed: 5,
    steps: 6,
    val: 0.3,
    checkpointEvery: 2,
    say: () => undefined,
  })
  await train(options('whole'))
  const stop = new AbortController()
  await train({ ...options('cut'), signal: stop.signal, onStep: ({ step }) => step === 3 && stop.abort() })
  await train({ ...options('cut'), resume: true })
  expect(await outcome(at('cut'))).toEqual(await outcome(at('whole')))
})
