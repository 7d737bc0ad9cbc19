import { describe, expect, it } from 'vitest'
import type { Slide } from '../../../src/runtime/slides/slide.ts'
import { targetOf, type Wanted } from '../../../src/runtime/upscale/slide-target.ts'

const slide = (more: Partial<Slide> = {}): Slide => ({
  reader: 'libvips',
  levels: [
    { width: 1000, height: 800, downsample: 1 },
    { width: 250, height: 200, downsample: 4 },
  ],
  mpp: { x: 0.5, y: 0.5, from: 'a test' },
  magnification: { value: 20, from: 'a test' },
  region: () => Promise.reject(new Error('not asked for')),
  thumbnail: () => Promise.reject(new Error('not asked for')),
  close: () => undefined,
  ...more,
})
const { mpp: _mpp, ...unsized } = slide()
const { magnification: _magnification, ...unnamed } = slide()

describe('what a slide becomes', () => {
  it.each<[string, Slide, Wanted, object]>([
    ['a factor', slide(), { scale: 2.5 }, { m: 2.5, extent: { width: 2500, height: 2000 }, mpp: { x: 0.2, y: 0.2 }, magnification: 50 }],
    ['micrometres', slide(), { mpp: 0.2 }, { m: 2.5, extent: { width: 2500, height: 2000 } }],
    ['magnification', slide(), { magnification: 40 }, { m: 2, mpp: { x: 0.25, y: 0.25 }, magnification: 40 }],
    ['a coarser level', slide(), { mpp: 0.5, level: 1 }, { m: 4, level: 1, low: { width: 250, height: 200 }, magnification: 20 }],
    ['micrometres of its own', unsized, { mpp: 0.25, sourceMpp: 1 }, { m: 4, from: { mppFrom: '--source-mpp' } }],
    ['nearly square pixels', slide({ mpp: { x: 0.5, y: 0.502, from: '' } }), { mpp: 0.25 }, { scale: { x: Math.sqrt(2 * 2.008), y: Math.sqrt(2 * 2.008) } }],
    ['pixels that are not square', slide({ mpp: { x: 0.5, y: 0.6, from: '' } }), { mpp: 0.25 }, { scale: { x: 2, y: 2.4 }, extent: { width: 2000, height: 1920 }, mpp: { x: 0.25, y: 0.25 } }],
    ['a region, in pixels of the full size whatever the level', slide(), { scale: 2, level: 1, region: { x: 100, y: 40, width: 200, height: 80 } }, { part: { left: 50, top: 20, right: 150, bottom: 60 } }],
    ['no resolution, where none is known', unsized, { scale: 2 }, { m: 2, from: {} }],
  ])('%s', (_what, from, wanted, found) => expect(targetOf('s.svs', from, wanted)).toMatchObject(found)) // prettier-ignore

  it.each<[string, Slide, Wanted, RegExp]>([
    ['no pixel size', unsized, { mpp: 0.25 }, /s\.svs does not say how large its pixels are/],
    ['no magnification', unnamed, { magnification: 40 }, /s\.svs does not say its magnification/],
    ['smaller', slide(), { mpp: 1 }, /1 micrometres a pixel is 0\.500 times its full size \(0\.5000 micrometres a pixel\): nothing would be enlarged/],
    ['no such level', slide(), { scale: 2, level: 2 }, /has no level 2/],
    ['outside', slide(), { scale: 2, region: { x: 900, y: 0, width: 101, height: 10 } }, /is not inside s\.svs/],
  ])('%s is refused', (_what, from, wanted, message) => expect(() => targetOf('s.svs', from, wanted)).toThrow(message)) // prettier-ignore
})
