import path from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { bringOpenslide } from '../../../src/runtime/slides/bring-openslide.ts'
import { openslideProcess } from '../../../src/runtime/slides/openslide-process.ts'
import { startNode } from '../../cli/run-archc.ts'
import { crop } from '../../../src/runtime/data/picture.ts'
import { smear, writePyramid } from '../data-recipes/synthetic.ts'
import { temporaryFolder } from '../network/small.ts'

const folder = temporaryFolder()
const file = path.join(folder, 'pyramid.tif')
const whole = smear(300, 260, 150)
let library: string
beforeAll(async () => {
  await writePyramid(whole, file)
  library = await bringOpenslide({
    steps: { say: () => undefined, progress: () => undefined, signal: new AbortController().signal },
  })
})

const isThere = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
const gone = async (pid: number): Promise<void> => {
  for (let waited = 0; isThere(pid) && waited < 10_000; waited += 20) await new Promise((resolve) => setTimeout(resolve, 20))
  expect(isThere(pid)).toBe(false)
}

describe('the process of OpenSlide', () => {
  it('reads what is stored, several regions at once', async () => {
    const slide = openslideProcess(library).slide(file)
    expect(await slide.facts()).toMatchObject({ vendor: 'generic-tiff', levels: [{ width: 300, height: 260, downsample: 1 }, {}, {}, {}] })
    const places = [0, 1, 2, 3, 4, 5, 6, 7].map((at) => [20 * at, 15 * at] as const)
    const regions = await Promise.all(places.map(([x, y]) => slide.region(0, x, y, 100, 90)))
    expect(regions).toEqual(places.map(([x, y]) => crop(whole, x, y, 100, 90)))
    slide.close()
  }) // prettier-ignore

  it('that crashes is an error that names the file, and the next request has another one', async () => {
    const all = openslideProcess(library)
    const slide = all.slide(file)
    await slide.facts()
    const first = all.pid!
    process.kill(first, 'SIGSTOP')
    const asked = slide.region(0, 0, 0, 50, 50)
    process.kill(first, 'SIGKILL')
    await expect(asked).rejects.toMatchObject({
      name: 'UserError',
      message: `OpenSlide crashed while reading ${file} (SIGKILL)`,
      help: 'Get the file again from where it came.',
    })
    expect(await slide.region(0, 10, 20, 50, 40)).toEqual(crop(whole, 10, 20, 50, 40))
    expect(all.pid).not.toBe(first)
  })

  it('that crashes under several requests is asked each of them again', async () => {
    const all = openslideProcess(library)
    const slide = all.slide(file)
    await slide.facts()
    process.kill(all.pid!, 'SIGSTOP')
    const asked = [0, 1, 2, 3, 4, 5].map((at) => slide.region(0, at, 0, 50, 50))
    process.kill(all.pid!, 'SIGKILL')
    expect(await Promise.all(asked)).toEqual([0, 1, 2, 3, 4, 5].map((at) => crop(whole, at, 0, 50, 50)))
  })

  it('that does not come back is ended', async () => {
    const all = openslideProcess(library, 4000)
    const slide = all.slide(file)
    await slide.facts()
    const first = all.pid!
    process.kill(first, 'SIGSTOP')
    await expect(slide.region(0, 0, 0, 50, 50)).rejects.toThrow(`OpenSlide did not come back within 4 s from reading ${file}`)
    await gone(first)
    expect(await slide.region(0, 10, 20, 50, 40)).toEqual(crop(whole, 10, 20, 50, 40))
  })

  it.each(['', 'setInterval(() => undefined, 1000)'])('ends with the one that started it (%s)', async (work) => {
    const script = `
      const { built } = await import('./bin/build.js')
      const { openslideProcess } = await import(await built('process', 'src/runtime/slides/openslide-process.ts'))
      const all = openslideProcess(process.argv[1])
      const slide = all.slide(process.argv[2])
      await slide.region(0, 0, 0, 50, 50)
      console.log(all.pid)
      ${work}`
    const { child, outcome } = startNode(['--input-type=module', '-e', script, library, file])
    const pid = await new Promise<number>((resolve) => child.stdout!.once('data', (text: string) => resolve(Number(text))))
    if (work !== '') child.kill('SIGKILL')
    expect(await outcome).toMatchObject(work === '' ? { code: 0, stderr: '' } : { signal: 'SIGKILL' })
    await gone(pid)
  })
})
