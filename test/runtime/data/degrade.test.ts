import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { degrade, type PictureOp } from '../../../src/runtime/data/degrade.ts'
import { gaussianBlur, resize } from '../../../src/runtime/data/pillow.ts'
import { crop, type Picture } from '../../../src/runtime/data/picture.ts'
import { readPicture } from '../../../src/runtime/data/read-picture.ts'
import { fixtureFolders, fixtureValues } from './fixtures.ts'

interface Values {
  images: { tag: string; m: number; radius: number; lr_wh: [number, number]; files: string[] }[]
  noise: { source: string; files: string[] }
}

const BICUBIC: PictureOp = { op: 'resize', kernel: 'bicubic' }

describe.each(fixtureFolders('degrade'))('Pillow byte for byte, $label', ({ folder }) => {
  test.skipIf(folder === undefined)('every file of the folder', async () => {
    const { images, noise } = fixtureValues<Values>(folder!)
    const read = async (name: string): Promise<Picture> => (await readPicture(join(folder!, name))).picture
    const checked: string[] = []
    const same = async (made: Picture, name: string): Promise<void> => {
      expect(differences(made, await read(name)), name).toBe('none')
      checked.push(name)
    }

    for (const { tag, m, radius, lr_wh, files } of images) {
      const hr = await read(`${tag}_hr.png`)
      const { width, height } = hr
      const [w, h] = lr_wh
      const blur: PictureOp = { op: 'blur', sigma: radius }
      const made: Record<string, () => Picture> = {
        hr: () => degrade(hr, [], 0, 0),
        blur: () => degrade(hr, [blur], width, height),
        lr: () => degrade(hr, [blur, BICUBIC], w, h),
        lr_noblur: () => degrade(hr, [BICUBIC], w, h),
        lr_resize_then_blur: () => degrade(hr, [BICUBIC, blur], w, h),
        up: () => resize(degrade(hr, [blur, BICUBIC], w, h), width, height, 'bicubic'),
        li: () => {
          const lr = resize(hr, Math.floor(width / m), Math.floor(height / m), 'bicubic')
          return degrade(lr, [{ op: 'resize', kernel: 'bilinear' }, blur], width, height)
        },
      }
      for (const file of files) await same(made[file.slice(tag.length + 1, -'.png'.length)]!(), file)
      if (tag.startsWith('whole_')) {
        const source = await read(`${tag}_source.png`)
        const cut = (size: number): number => Math.round(Math.floor(size / m) * m)
        await same(crop(source, 0, 0, cut(source.width), cut(source.height)), `${tag}_hr.png`)
      }
    }

    const pattern = await read(noise.source)
    for (const file of noise.files) {
      const radius = /blur_r([\d.]+)\.png/.exec(file)?.[1]
      const [, kernel, width, height] = /(bicubic|bilinear)_(\d+)x(\d+)/.exec(file) ?? []
      const made =
        radius === undefined
          ? resize(pattern, Number(width), Number(height), kernel as 'bicubic' | 'bilinear')
          : gaussianBlur(pattern, Number(radius))
      await same(made, file)
    }
    expect(checked.length).toBeGreaterThanOrEqual(19)
  })
})

test('the steps come in the order given and leave the input alone', () => {
  const hr: Picture = { width: 2, height: 1, data: Uint8Array.of(1, 2, 3, 4, 5, 6) }
  const turned = degrade(hr, [{ op: 'transpose' }, { op: 'flip_y' }], 9, 9)
  expect(turned).toEqual({ width: 1, height: 2, data: Uint8Array.of(4, 5, 6, 1, 2, 3) })
  expect(degrade(hr, [{ op: 'flip_x' }, { op: 'resize', kernel: 'nearest' }], 1, 1).data).toEqual(Uint8Array.of(1, 2, 3))
  expect(degrade(hr, [{ op: 'resize', kernel: 'nearest' }, { op: 'flip_x' }], 1, 1).data).toEqual(Uint8Array.of(4, 5, 6))
  expect(hr.data).toEqual(Uint8Array.of(1, 2, 3, 4, 5, 6))
})

function differences(a: Picture, b: Picture): string {
  if (a.width !== b.width || a.height !== b.height) return `${a.width} x ${a.height} is not ${b.width} x ${b.height}`
  const count = a.data.reduce((sum, value, i) => sum + (value === b.data[i] ? 0 : 1), 0)
  return count === 0 && a.data.length === b.data.length ? 'none' : `${count} of ${b.data.length} bytes`
}
