import { describe, expect, it } from 'vitest'
import { resize, resizeInBands } from '../../../src/runtime/data/pillow.ts'
import { crop, type Picture } from '../../../src/runtime/data/picture.ts'
import { held } from '../../../src/runtime/data/source.ts'
import { psnr } from '../../../src/runtime/metrics/psnr.ts'
import { Consistency } from '../../../src/runtime/upscale/consistency.ts'
import { painted } from '../network/small.ts'

const bandsOf = (picture: Picture, rows: number): Picture[] =>
  Array.from({ length: Math.ceil(picture.height / rows) }, (_, at) =>
    crop(picture, 0, at * rows, picture.width, Math.min(rows, picture.height - at * rows)),
  )

describe.each([
  [1, 3],
  [1.5, 1],
  [2, 4],
  [3.3, 7],
  [4, 100],
])('enlarged %d times, in bands of %d', (m, rows) => {
  const source = painted(31, 23)
  const [width, height] = [Math.round(31 * m), Math.round(23 * m)]
  const large = painted(width, height)
  const whole = resize(large, 31, 23, 'bicubic')

  it('made smaller is what it is in one piece, byte for byte', () => {
    const smaller = resizeInBands(large, source, 'bicubic')
    const made = bandsOf(large, rows).flatMap((band) => [...smaller(band).data])
    expect(Uint8Array.from(made)).toEqual(whole.data)
  })

  it('has the PSNR of that', async () => {
    const consistency = new Consistency(held(source), large)
    for (const band of bandsOf(large, rows)) await consistency.add(band.data)
    const expected = psnr(whole, source)
    if (Number.isFinite(expected)) expect(consistency.decibels).toBeCloseTo(expected, 6)
    else expect(consistency.decibels).toBeUndefined()
  })
})
