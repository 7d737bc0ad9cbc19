import path from 'node:path'
import { beforeAll, expect, it } from 'vitest'
import { archcRoot } from '../../../src/root.ts'
import { openBicubic } from '../../../src/runtime/view/bicubic.ts'
import { Busy, Enlarger, viewNetwork } from '../../../src/runtime/view/enlarger.ts'
import { Library } from '../../../src/runtime/view/library.ts'
import { quietEngine } from '../network/small.ts'

beforeAll(quietEngine)

it('views that are given up while they wait make room for others', async () => {
  const library = Library.ofFiles([path.join(archcRoot, 'samples', 'judge', 'cmu1_x600_y2160.png')], () => undefined)
  const shown = (await library.open('cmu1_x600_y2160.png'))!
  const view = {
    shown,
    network: viewNetwork('bicubic', openBicubic()),
    extent: { width: 512, height: 512 },
    part: { left: 0, top: 0, right: 40, bottom: 30 },
  }
  const enlarger = new Enlarger()
  const never = new AbortController().signal
  const first = enlarger.pieces(view, never)
  await first.next() // its turn lasts until it is read to the end
  const leaving = new AbortController()
  const waiting = Array.from({ length: 15 }, () => enlarger.whole(view, leaving.signal))
  await expect(enlarger.whole(view, never)).rejects.toThrow(Busy)

  const left = Promise.allSettled(waiting)
  leaving.abort()
  const other = enlarger.whole(view, never)
  await first.return(undefined)
  expect((await other).length).toBe(40 * 30 * 3)
  expect((await left).every(({ status }) => status === 'rejected')).toBe(true)
  await expect(enlarger.whole(view, leaving.signal)).rejects.toThrow()
  await library.close()
})
