import { createHash } from 'node:crypto'
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import sharp from 'sharp'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Picture } from '../../src/runtime/data/picture.ts'
import { readPicture } from '../../src/runtime/data/read-picture.ts'
import { openSlide } from '../../src/runtime/slides/open-slide.ts'
import { root, temporaryFolder } from '../runtime/network/small.ts'
import { archc, startArchc } from './run-archc.ts'

const folder = temporaryFolder()
const inside = (name: string): string => path.join(folder, name)
const carried = path.join(root, 'samples', 'slides', 'CMU-1-Small-Region.svs')
/** Learns nothing, and looks at no more than it takes. */
const text = `model Sampled {
  scale m in 1 .. 64
  input lr: [B, h, w, 3] as image
  input coord: [B, q, 2] as coordinates
  output rgb: [B, q, 3] as samples
  return sample(lr, coord, kernel: bicubic)
}
evaluate { m: 2 }
`
const bicubic = ['--run', inside('sampled.arch')]
writeFileSync(inside('sampled.arch'), text)
const hash = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex')
const unfinished = (name: string): string[] => readdirSync(folder).filter((each) => each.startsWith(`${name}.part`))
/** What is enlarged here: six blocks. */
const part = ['--region', '300,900,1100,600']

const pixels = async (file: string, page = 0): Promise<Picture> => {
  const { data, info } = await sharp(file, { page, limitInputPixels: false }).raw().toBuffer({ resolveWithObject: true })
  return { width: info.width, height: info.height, data }
}
const worst = (a: Picture, b: Picture): number => {
  expect([a.width, a.height]).toEqual([b.width, b.height])
  return a.data.reduce((most, value, at) => Math.max(most, Math.abs(value - b.data[at]!)), 0)
}

describe('a region of a slide, without loss', () => {
  const out = inside('region.tif')
  let json: Record<string, unknown>
  beforeAll(async () => {
    const { code, stdout, stderr } = await archc(['upscale', carried, '--mpp', '0.2', '--region', '620,560,700,500', '--everything', '--lossless', ...bicubic, '-o', out, '--json']) // prettier-ignore
    expect(code, stderr).toBe(0)
    json = JSON.parse(stdout) as Record<string, unknown>
  })

  it('says what it was and what it became', () => {
    expect(json).toMatchObject({
      input: carried,
      output: out,
      reader: 'libvips',
      to: [1746, 1248],
      levels: 4,
      blocks: 1,
      computed: 1,
      damage: [],
      target: { level: 0, m: expect.closeTo(2.495, 3) as number, magnification: expect.closeTo(49.9, 1) as number },
      compression: { kind: 'jpeg', from: 'tables' },
    })
    expect(json['seam']).toBeLessThan(0.01)
  })

  it('is that part of the whole, as a picture is enlarged', async () => {
    const whole = inside('whole.png')
    const decoded = inside('decoded.png')
    const slide = await openSlide(carried)
    const { data, width, height } = await slide.region(0, 0, 0, 2220, 2967)
    slide.close()
    await sharp(data, { raw: { width, height, channels: 3 } })
      .png()
      .toFile(decoded)
    const m = (json['target'] as { m: number }).m
    expect((await archc(['upscale', decoded, '--scale', String(m), ...bicubic, '-o', whole])).code).toBe(0)
    const { picture } = await readPicture(whole)
    const [left, top] = [Math.round((620 * picture.width) / 2220), Math.round((560 * picture.height) / 2967)]
    const cut = await sharp(whole).extract({ left, top, width: 1746, height: 1248 }).removeAlpha().raw().toBuffer()
    expect(worst(await pixels(out), { width: 1746, height: 1248, data: cut })).toBeLessThanOrEqual(1)
  })

  it('has levels of half the size each, in the chain and below, and says its resolution', async () => {
    const metadata = await sharp(out, { limitInputPixels: false }).metadata()
    expect(metadata).toMatchObject({ width: 1746, height: 1248, pages: 4, subifds: 3, channels: 3 })
    const slide = await openSlide(out)
    expect(slide.levels.map(({ width, height }) => [width, height])).toEqual([[1746, 1248], [873, 624], [437, 312], [219, 156]]) // prettier-ignore
    expect(slide.mpp).toMatchObject({ x: expect.closeTo(0.2, 6) as number, y: expect.closeTo(0.2, 6) as number })
    slide.close()
    const [full, half] = [await pixels(out), await pixels(out, 1)]
    for (const [x, y, channel] of [[100, 100, 0], [555, 333, 1], [800, 500, 2]] as const) {
      const four = [0, 1].flatMap((down) => [0, 1].map((right) => full.data[3 * ((2 * y + down) * 1746 + 2 * x + right) + channel]!))
      expect(half.data[3 * (y * 873 + x) + channel]).toBe((four.reduce((sum, each) => sum + each, 2) / 4) | 0)
    } // prettier-ignore
  })

  it('holds nothing of the label, the scanner or the day', () => {
    const text = readFileSync(out, 'latin1')
    expect(text).toContain('For research, not for diagnosis')
    expect(text).not.toMatch(/aperio|scanscope|leica|\d\d\/\d\d\/\d\d|user/i)
  })
})

describe('an enlargement that does not end', () => {
  const options = ['--scale', '2', ...bicubic, ...part]
  const whole = inside('undisturbed.tif')
  beforeAll(async () => {
    const { code, stderr } = await archc(['upscale', carried, ...options, '-o', whole])
    expect(code, stderr).toBe(0)
    expect(unfinished('undisturbed.tif')).toEqual([])
  })

  it.each(['SIGKILL', 'SIGTERM'] as const)('is gone on with by --resume after %s, and is the same file', async (signal) => {
    const name = `${signal}.tif`
    const { child, outcome } = startArchc(['upscale', carried, ...options, '-o', inside(name)])
    while (!existsSync(inside(`${name}.part.jsonl`)) || readFileSync(inside(`${name}.part.jsonl`), 'utf8').split('\n').length < 4)
      await wait(10)
    child.kill(signal)
    const stopped = await outcome
    expect(stopped.code).toBe(signal === 'SIGKILL' ? null : 143)
    expect(existsSync(inside(name))).toBe(false)
    const begun = readFileSync(inside(`${name}.part.jsonl`), 'utf8').split('\n').length
    expect(begun).toBeGreaterThan(3)

    const anew = await archc(['upscale', carried, ...options, '-o', inside(name)])
    expect(anew.code).toBe(1)
    expect(anew.stderr).toMatch(/\.part is there: an enlargement that did not end\n +help: --resume goes on with it/)
    const other = await archc(['upscale', carried, ...options, '--quality', '80', '-o', inside(name), '--resume'])
    expect(other.code).toBe(1)
    expect(other.stderr).toMatch(/was begun otherwise: quality 90, now 80\n/)

    const { code, stderr } = await archc(['upscale', carried, ...options, '-o', inside(name), '--resume'])
    expect(code, stderr).toBe(0)
    expect(stderr).toMatch(/\d+ of them are there/)
    expect(hash(inside(name))).toBe(hash(whole))
    expect(unfinished(name)).toEqual([])
  })

  it.runIf(process.platform === 'linux')('stops where the disk is full, and goes on', async () => {
    const name = 'full.tif'
    const line = `ulimit -f 300; '${process.execPath}' bin/archc.js upscale '${carried}' ${options.join(' ')} -o '${inside(name)}'`
    const { status, stderr } = spawnSync('bash', ['-c', line], { cwd: root, encoding: 'utf8' })
    expect(status, stderr).toBe(1)
    expect(stderr).toMatch(/cannot write .*full\.tif\.part: the file is larger than .*\n +help: .*--resume goes on/)
    const { code } = await archc(['upscale', carried, ...options, '-o', inside(name), '--resume'])
    expect(code).toBe(0)
    expect(hash(inside(name))).toBe(hash(whole))
  })

  it('is written by one process at a time', async () => {
    const name = 'twice.tif'
    const first = startArchc(['upscale', carried, ...options, '-o', inside(name)])
    while (!existsSync(inside(`${name}.part`))) await wait(10)
    first.child.kill('SIGSTOP')
    const { code, stderr } = await archc(['upscale', carried, ...options, '-o', inside(name), '--resume'])
    expect(stderr).toMatch(/twice\.tif\.part is being written by process \d+/)
    expect(code).toBe(1)
    first.child.kill('SIGCONT')
    expect((await first.outcome).code).toBe(0)
  })

  it('in parts and joined is the same file', async () => {
    for (const index of [2, 1]) {
      const { code, stderr } = await archc(['upscale', carried, ...options, '-o', inside('joined.tif'), '--part', `${index}/2`])
      expect(code, stderr).toBe(0)
    }
    const parts = unfinished('joined.tif').map(inside)
    expect(parts).toHaveLength(4)
    const [first, ...others] = parts.filter((file) => !file.endsWith('.jsonl'))
    const lacking = await archc(['slide', 'join', ...others, '-o', inside('joined.tif')])
    expect(lacking.stderr).toMatch(/part 1 of 2 is not among /)
    const twice = await archc(['slide', 'join', first!, first!, ...others, '-o', inside('joined.tif')])
    expect(twice.stderr).toMatch(/are the same part/)
    const { code, stderr } = await archc(['slide', 'join', ...parts, '-o', inside('joined.tif')])
    expect(code, stderr).toBe(0)
    expect(hash(inside('joined.tif'))).toBe(hash(whole))
    copyFileSync(`${first!}.jsonl`, inside('kept'))
    rmSync(`${first!}.jsonl`)
    const without = await archc(['slide', 'join', first!, ...others, '-o', inside('again.tif')])
    expect(without.stderr).toMatch(/part-1-of-2: there is no part of a slide, or its .*\.jsonl is missing/)
  })
})

it.each([
  [['-o', 'x.tif'], /how large is it to become\?\n +help: say --scale 2, --mpp 0\.25/],
  [
    ['-o', 'x.tif', '--mpp', '0.6'],
    /0\.6 micrometres a pixel is 0\.83\d times its full size .*nothing would be enlarged\n +help: ask for smaller pixels/,
  ],
  [['-o', 'x.tif', '--scale', '2', '--level', '3'], /has no level 3\n +help: it has 0: 2220 x 2967/],
  [
    ['-o', 'x.tif', '--scale', '2', '--region', '2000,0,300,300'],
    /the region 2000,0,300,300 is not inside .*\n +help: its full size is 2220 x 2967/,
  ],
  [['-o', 'x.tif', '--scale', '2', '--region', '1500,100,200,200'], /no tissue is found in this region.*\n +help: --everything/],
  [['-o', 'x.tif', '--scale', '2', '--region', '1,2,3'], /four whole numbers/],
  [['-o', 'x.tif', '--scale', '2', '--mpp', '0.2'], /cannot be used with/],
  [['-o', 'x.tif', '--scale', '2', '--tile', '100'], /multiples of 16/],
  [['-o', 'x.tif', '--scale', '2', '--part', '3/2'], /It takes i\/n/],
  [
    ['-o', 'x.tif', '--scale', '2', '--run', 'models/bicubic.arch'],
    /Bicubic looks at the whole picture at once .*cannot be computed in parts/,
  ],
  [['-o', 'x.png', '--scale', '2', '--source-mpp', '0.5'], /--source-mpp is of slides/],
  [['-o', 'x.png', '--scale', '2', '--lossless'], /--lossless is of slides/],
  [['-o', 'x.tif', '--scale', '2', '--profile'], /--profile is of pictures/],
  [['-o', 'x.png', '--mpp', '0.2'], /--mpp is of slides/],
])('%j is refused', async (flags, message) => {
  const { code, stderr } = await archc(['upscale', carried, ...bicubic, ...flags.map((each) => (each.startsWith('x.') ? inside(each) : each))]) // prettier-ignore
  expect(stderr).toMatch(message)
  expect(code === 1 || code === 2).toBe(true)
})
