import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import sharp from 'sharp'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { crop, type Picture } from '../../src/runtime/data/picture.ts'
import { resize } from '../../src/runtime/data/pillow.ts'
import { writePng } from '../../src/runtime/data/png-writer.ts'
import { readPicture } from '../../src/runtime/data/read-picture.ts'
import { psnr } from '../../src/runtime/metrics/psnr.ts'
import { openNetwork } from '../../src/runtime/network/open-network.ts'
import { carriedFile, carriedWeights } from '../../src/runtime/weights/carried.ts'
import type { StageTime } from '../../src/runtime/upscale/stage-times.ts'
import { painted, quietEngine, root, temporaryFolder, testField } from '../runtime/network/small.ts'
import { archc, startArchc, type Outcome } from './run-archc.ts'

const folder = temporaryFolder()
const inside = (name: string): string => path.join(folder, name)
const fixture = (name: string): string => path.join(root, 'test', 'fixtures', 'pictures', name)
const field = inside('field.png')
const bicubic = ['--run', 'models/bicubic.arch']

/** Texts of a PNG by their keywords. */
const texts = async (file: string): Promise<Record<string, string>> =>
  Object.fromEntries(((await sharp(file).metadata()).comments ?? []).map(({ keyword, text }) => [keyword, text]))
const chunks = (file: string): Set<string> => {
  const bytes = readFileSync(file)
  const found = new Set<string>()
  for (let at = 8; at < bytes.length; at += bytes.readUInt32BE(at) + 12) found.add(bytes.toString('latin1', at + 4, at + 8))
  return found
}
const away = (a: Picture, b: Picture): number => {
  expect([a.width, a.height]).toEqual([b.width, b.height])
  return a.data.reduce((most, value, at) => Math.max(most, Math.abs(value - b.data[at]!)), 0)
}

let source: Picture
beforeAll(async () => {
  source = crop((await readPicture(testField)).picture, 100, 100, 33, 25)
  await writePng(source, field, { density: 254 })
})

describe('a picture', () => {
  const out = inside('large.png')
  let outcome: Outcome
  beforeAll(async () => {
    outcome = await archc(['upscale', field, '--scale', '3.3', '-o', out, '--json'])
  })

  it('has round(side * scale) pixels, and --json says what was done', async () => {
    const { code, stdout, stderr } = outcome
    expect(code, stderr).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      input: field,
      output: out,
      from: [33, 25],
      to: [109, 83],
      scope: 'lattice(2304)',
      deviation: 0,
      notes: [],
    })
    expect(stderr).toMatch(
      /field\.png: 33 x 25 to 109 x 83, 1 tile, scope lattice\(2304\), (a second or two|some seconds|about \d+ s) and \d+ MB\n/,
    )
    const { picture } = await readPicture(out)
    expect([picture.width, picture.height]).toEqual([109, 83])
  })

  it('whose resolution times the scale no PNG can say is enlarged without it, which is said', async () => {
    const fine = inside('fine.png')
    await writePng(painted(8, 8), fine, { density: 54_000_000 })
    const { code, stderr } = await archc(['upscale', fine, '-s', '2', '-o', inside('finer.png'), ...bicubic])
    expect(code, stderr).toBe(0)
    expect(stderr).toMatch(/its resolution of 5\d+(\.\d+)? pixels an inch is left out: 2 times that is none that a PNG can say/)
    expect((await readPicture(inside('finer.png'))).density).toBeUndefined()
  })

  it('says how it was made, and is tagged with its resolution', async () => {
    expect(await texts(out)).toEqual({
      Software: expect.stringMatching(/^archc \d/) as string,
      Comment: 'Computed by a network: texture is invented. For research, not for diagnosis.',
      Source: expect.stringMatching(/^SHA-256 [0-9a-f]{64}$/) as string,
      Model: 'Live',
      'Model hash': expect.stringMatching(/^[0-9a-f]{16}$/) as string,
      Scope: 'lattice(2304)',
      Scale: '3.3',
      'Told compression': '0.000',
      'Back-projection': '2',
    })
    expect((await readPicture(out)).density).toBeCloseTo(254 * 3.3, 1)
  })

  it('looks like what it came from', async () => {
    const { picture } = await readPicture(out)
    const small = await sharp(Buffer.from(picture.data), { raw: { width: 109, height: 83, channels: 3 } })
      .resize(33, 25, { kernel: 'cubic', fit: 'fill' })
      .raw()
      .toBuffer()
    const mean = small.reduce((total, value, at) => total + Math.abs(value - source.data[at]!), 0) / small.length
    expect(mean).toBeLessThan(6)
    const { consistency = Infinity } = JSON.parse(outcome.stdout) as { readonly consistency?: number }
    const again = psnr(resize(picture, 33, 25, 'bicubic'), source)
    if (again === Infinity) expect(consistency).toBe(again)
    else expect(consistency).toBeCloseTo(again, 6)
  })

  it('an output that is there is replaced, in words', async () => {
    const again = inside('again.png')
    writeFileSync(again, 'older')
    const { code, stdout } = await archc(['upscale', field, '--scale', '2', '-o', again, ...bicubic])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^.*again\.png: 66 x 50 in (under )?\d+ s; made smaller again \d\d\.\d dB from what came in\n$/)
    expect((await readPicture(again)).picture.width).toBe(66)
  })

  it.each(['wasm', 'cpu'])('--engine %s gives the same', async (engine) => {
    const other = inside(`${engine}.png`)
    const { code, stderr } = await archc(['upscale', field, '-s', '1.5', '-o', other, '--engine', engine, ...bicubic])
    expect(code, stderr).toBe(0)
    expect(stderr).toMatch(engine === 'wasm' ? /^engine: tfjs WebAssembly/ : /^engine: tfjs .* in plain JavaScript/)
    const tensorflow = inside('tensorflow.png')
    await archc(['upscale', field, '-s', '1.5', '-o', tensorflow, ...bicubic])
    expect(away((await readPicture(other)).picture, (await readPicture(tensorflow)).picture)).toBeLessThanOrEqual(1)
  })
})

describe('--profile', () => {
  it.each([
    [
      'a network with coordinates',
      ['--plain'],
      ['start', 'read', 'encode', 'keys', 'match', 'decode', 'bytes', 'consistency', 'write'],
    ],
    ['one that is projected', [], ['start', 'read', 'encode', 'decode', 'project', 'bytes', 'consistency', 'write']],
    ['one that is not, as asked', ['--no-consistent'], ['start', 'read', 'encode', 'decode', 'bytes', 'consistency', 'write']],
    ['one without', ['--run', 'models/bicubic.arch'], ['start', 'read', 'picture', 'bytes', 'consistency', 'write']],
  ])('says where the time went: %s', async (what, flags, stages) => {
    const run = (...more: string[]) =>
      archc(['upscale', field, '-s', '2', '-o', inside(`profile ${what}.png`), '--profile', ...flags, ...more])
    const json = await run('--json')
    expect(json.code, json.stderr).toBe(0)
    const { took, profile } = JSON.parse(json.stdout) as { readonly took: number; readonly profile: readonly StageTime[] }
    expect(profile.map(({ stage }) => stage)).toEqual(stages)
    const sum = (of: (time: StageTime) => number): number => profile.reduce((total, time) => total + of(time), 0)
    expect(sum(({ share }) => share)).toBeCloseTo(1, 9)
    expect(sum(({ seconds }) => seconds)).toBeCloseTo(took, 1)
    for (const { steps, seconds, cpuSeconds } of profile) {
      expect(steps).toBeGreaterThan(0)
      expect(Math.min(seconds, cpuSeconds)).toBeGreaterThanOrEqual(0)
    }
    const words = await run()
    expect(words.stdout).toMatch(
      /66 x 50 in .*\n  stage +steps +seconds +share +CPU seconds\n  start +1 +\d+\.\d\d +\d+ % +\d+\.\d\d\n/,
    )
    expect(words.stdout).toMatch(/\n  write .*\n$/)
  })

  it('is not said unless asked', async () => {
    const { stdout } = await archc(['upscale', field, '-s', '2', '-o', inside('silent.png'), '--json', ...bicubic])
    expect(JSON.parse(stdout)).not.toHaveProperty('profile')
  })
})

describe('the weights that archc carries', () => {
  beforeAll(() => quietEngine())

  it.each([
    ['live without a flag', [], 'live'],
    ['live', ['--weights', 'live'], 'live'],
    ['plain', ['--weights', 'plain'], 'plain'],
    ['plain by its own flag', ['--plain'], 'plain'],
    ['deblur', ['--weights', 'deblur'], 'deblur'],
  ])('%s', async (what, flags, name) => {
    const out = inside(`${what}.png`)
    const { code, stderr } = await archc(['upscale', fixture('lzw.tif'), '-s', '2', '-o', out, ...flags])
    expect(code, stderr).toBe(0)
    const { hash } = await openNetwork(carriedFile(carriedWeights.find((each) => each.name === name)!))
    expect(await texts(out)).toMatchObject({ 'Model hash': hash })
  })
})

describe('a picture that was compressed', () => {
  const by = (file: string, ...flags: string[]): Promise<Outcome> =>
    archc(['upscale', file, '-s', '1', '-o', inside('compressed.png'), '--json', ...flags])
  const [jpeg, png] = [inside('field.jpg'), inside('from-jpeg.png')]
  beforeAll(async () => {
    const { data, width, height } = crop((await readPicture(testField)).picture, 400, 300, 96, 96)
    await sharp(data, { raw: { width, height, channels: 3 } })
      .resize(64)
      .jpeg({ quality: 80 })
      .toFile(jpeg)
    await sharp(jpeg).png().toFile(png)
  })

  it.each([
    ['by its tables', jpeg, { quality: 80, subsampling: '4:2:0', from: 'tables' }, 'JPEG of quality 80 (4:2:0) by its tables'],
    ['by its pixels', png, { quality: 80, from: 'pixels' }, 'JPEG of quality 80 by its pixels'],
  ])('is named %s, with what to expect', async (_what, file, compression, text) => {
    const { code, stdout, stderr } = await by(file)
    expect(code, stderr).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ weights: 'live', compression, expected: { scale: 2, quality: 80 } })
    expect(stderr).toMatch(
      / 80( \(4:2:0\))? by its (tables|pixels): the network is told 0\.54 of 1; at x2 and quality 80 weights live are 0\.\d dB above/,
    )
    expect(stderr).toContain(`${file}: ${text}`)
    const plain = await by(file, '--plain')
    expect(JSON.parse(plain.stdout)).toMatchObject({ weights: 'plain', better: 'live' })
    expect(plain.stderr).toMatch(
      /weights plain are 0\.3 dB below Bicubic, and 2\.1 dB above Bicubic where .*: --weights live fits better, 0\.\d dB above/,
    )
  })

  it('is named with other weights too, of which nothing is known', async () => {
    const { stdout, stderr } = await by(jpeg, ...bicubic)
    expect(JSON.parse(stdout)).toHaveProperty('compression.quality', 80)
    expect(JSON.parse(stdout)).not.toHaveProperty('expected')
    expect(stderr).toContain('by its tables; what these weights make of compressed pictures was not measured\n')
  })
})

describe('pictures of other kinds', () => {
  it.each<[string, string[]]>([
    ['grey16.png', ['16 bits rounded to 8', 'grey widened to RGB']],
    ['rgba16.png', ['16 bits rounded to 8', 'alpha composited on white']],
    ['palette8.png', []],
    ['bigtiff.tif', []],
    ['jpeg.tif', []],
  ])('%s', async (name, notes) => {
    const out = inside(`${name}.png`)
    const { code, stdout, stderr } = await archc(['upscale', fixture(name), '-s', '1', '-o', out, '--json', ...bicubic])
    expect(code, stderr).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ from: [40, 24], to: [40, 24], notes })
    for (const note of notes) expect(stderr).toContain(`${name}: ${note}\n`)
    expect(away((await readPicture(out)).picture, (await readPicture(fixture(name))).picture)).toBe(0)
    expect(chunks(out)).not.toContain('sRGB')
  })

  it.each([
    ['srgb.png', 'sRGB built-in', []],
    ['cmyk-profile.tif', 'Test inks', ['CMYK converted to sRGB by its colour profile "Test inks"']],
  ])('%s: the network sees sRGB, the output is sRGB and names the profile', async (name, profile, notes) => {
    const out = inside(`${name}.out.png`)
    const { code, stdout } = await archc(['upscale', fixture(name), '-s', '1', '-o', out, '--json', ...bicubic])
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ notes })
    const converted = await readPicture(fixture(name), { profile: 'convert' })
    expect(away((await readPicture(out)).picture, converted.picture)).toBe(0)
    expect(chunks(out)).toContain('sRGB')
    expect(chunks(out)).not.toContain('iCCP')
    expect(await texts(out)).toMatchObject({ 'Source profile': profile })
  })

  it('wide.png: the network sees sRGB, the output has the profile of the input, and its colours', async () => {
    const out = inside('wide.out.png')
    const { code, stdout } = await archc(['upscale', fixture('wide.png'), '-s', '1', '-o', out, '--json', ...bicubic])
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ notes: ['converted to sRGB by its colour profile "Test wide"'] })
    expect(chunks(out)).toContain('iCCP')
    expect(chunks(out)).not.toContain('sRGB')
    const [before, after] = [fixture('wide.png'), out].map((file) => sharp(file).metadata())
    expect((await after!).icc!.equals((await before!).icc!)).toBe(true)
    const [shown, wanted] = [out, fixture('wide.png')].map((file) => readPicture(file, { profile: 'convert' }))
    const { data: wantedData } = (await wanted!).picture
    // Rounded to 8 bits once more in a wide profile: a few steps where it is darkest.
    const steps = (await shown!).picture.data.map((value, at) => Math.abs(value - wantedData[at]!))
    expect(steps.reduce((sum, step) => sum + step, 0) / steps.length).toBeLessThan(1)
    expect(Math.max(...steps)).toBeLessThan(12)
  })
})

describe('a folder', () => {
  it('becomes a folder of pictures of the same names', async () => {
    const [from, to] = [inside('from'), inside('to')]
    mkdirSync(from)
    copyFileSync(field, path.join(from, 'one.png'))
    copyFileSync(fixture('lzw.tif'), path.join(from, 'two.tif'))
    const { code, stdout } = await archc(['upscale', from, '-s', '2', '-o', to, '--json', ...bicubic])
    expect(code).toBe(0)
    const sizes = stdout.trim().split('\n').map((line) => (JSON.parse(line) as { to: number[] }).to) // prettier-ignore
    expect(sizes).toEqual([
      [66, 50],
      [80, 48],
    ])
    expect(readdirSync(to)).toEqual(['one.png', 'two.png'])
  })
})

it('goes on after a bad file and names at the end what failed', async () => {
  const [from, to] = [inside('mixed'), inside('mixed-out')]
  mkdirSync(from)
  copyFileSync(field, path.join(from, 'a.png'))
  writeFileSync(path.join(from, 'b.png'), 'no picture')
  writeFileSync(path.join(from, 'c.png'), damaged(readFileSync(field)))
  copyFileSync(field, path.join(from, 'd.png'))
  for (const name of ['e.bmp', 'f.webp']) writeFileSync(path.join(from, name), 'another kind')
  const command = ['upscale', from, '-s', '2', '-o', to, ...bicubic]
  const { code, stdout, stderr } = await archc(command)
  expect(code).toBe(1)
  expect(stderr).toMatch(/^4 pictures; 2 other files left out \(1 \.bmp, 1 \.webp\)\n/)
  expect(stdout.match(/[a-z]\.png: 66 x 50/g)).toEqual(['a.png: 66 x 50', 'd.png: 66 x 50'])
  expect(readdirSync(to)).toEqual(['a.png', 'd.png'])
  expect(stderr.indexOf('b.png: it is not a PNG')).toBeLessThan(stderr.indexOf('engine:'))
  expect(stderr).toMatch(
    /error: 2 of 4 files not enlarged:\n {2}.*b\.png: it is not a PNG.*\n {2}.*c\.png: the picture cannot be decoded.*\n$/,
  )

  // Started again it does what is missing: one that was made otherwise, and one that was mended.
  copyFileSync(path.join(to, 'a.png'), path.join(to, 'd.png'))
  copyFileSync(fixture('lzw.tif'), path.join(from, 'b.png'))
  const again = await archc(command)
  expect(again.code).toBe(1)
  expect(again.stdout.match(/[a-z]\.png: \d+ x \d+/g)).toEqual(['b.png: 80 x 48'])
  expect(again.stderr.match(/[a-z]\.png is there already, made of the same file in the same way: kept/g)).toHaveLength(2)
  const other = await archc([...command.with(3, '3'), '--json'])
  expect(other.stdout.match(/isKept/g)).toBeNull()
})

/** A PNG whose header and end are right and whose pixels are not. */
function damaged(bytes: Buffer): Buffer {
  const changed = Buffer.from(bytes)
  return changed.fill(0, changed.indexOf('IDAT') + 10, changed.length - 20)
}

describe('a mistake leaves nothing behind', () => {
  const place = inside('place')
  const [broken, cut] = [inside('broken.png'), inside('cut.png')]
  beforeEach(() => {
    mkdirSync(path.join(place, 'both'), { recursive: true })
    for (const name of ['same.png', 'both/a.png']) copyFileSync(field, path.join(place, name))
    copyFileSync(fixture('lzw.tif'), path.join(place, 'both', 'a.tif'))
    writeFileSync(broken, 'no picture')
    writeFileSync(cut, readFileSync(field).subarray(0, -40))
  })
  const out = path.join(place, 'x.png')

  it.each<[string, string[], number, RegExp]>([
    ['a scale below 1', [field, '-s', '0.5', '-o', out], 2, /option '-s, --scale <factor>' argument '0\.5' is invalid\. A scale is a number from 1 to 64\./],
    ['a scale above 64', [field, '-s', '65', '-o', out], 2, /argument '65' is invalid\. A scale is a number from 1 to 64\./],
    ['a scale that is none', [field, '-s', 'abc', '-o', out], 2, /argument 'abc' is invalid\. A scale is a number from 1 to 64\./],
    ['no output', [field, '-s', '2'], 2, /archc upscale needs --out <file>\n/],
    ['no such picture', [inside('none.png'), '-s', '2', '-o', out], 1, /^error: .*none\.png: there is no such file or folder\n$/],
    ['a broken picture', [broken, '-s', '2', '-o', out], 1, /error: .*broken\.png: it is not a PNG, JPEG or TIFF file\n/],
    ['half a picture', [cut, '-s', '2', '-o', out], 1, /error: .*cut\.png: the picture cannot be decoded, so it is truncated or corrupt/],
    ['a kind that is not read', [fixture('float32.tif'), '-s', '2', '-o', out], 1, /error: .*float32\.tif: its samples are 32-bit floating point/],
    ['an output of another kind', [field, '-s', '2', '-o', path.join(place, 'x.jpg')], 2, /^error: .*x\.jpg is no \.png\n {2}help: one picture in, one PNG out\n$/],
    ['a place below a file', [field, '-s', '2', '-o', path.join(broken, 'x.png'), ...bicubic], 1, /error: cannot write .*x\.png: a part of the path is a file, not a folder\n/],
    ['itself', [path.join(place, 'same.png'), '-s', '2', '-o', path.join(place, 'both', '..', 'same.png')], 1, /same\.png is a picture to enlarge: it is not written over\n/],
    ['a folder into itself', [path.join(place, 'both'), '-s', '2', '-o', path.join(place, 'both')], 1, /a\.png is a picture to enlarge|would both become/],
    ['two of one name', [path.join(place, 'both'), '-s', '2', '-o', path.join(place, 'y')], 1, /a\.png and .*a\.tif would both become .*y\/a\.png\n/],
    ['several into a file', [path.join(place, 'both'), '-s', '2', '-o', path.join(place, 'same.png')], 1, /^error: cannot write into .*same\.png: it is a file\n/],
    ['no run', [field, '-s', '2', '-o', out, '--run', place], 1, /error: .*place is no run: it has no run\.json/],
    ['weights that are not carried', [field, '-s', '2', '-o', out, '--weights', 'plian'], 2, /argument 'plian' is invalid\. None that archc carries is called so; did you mean plain\? There are live \(.*\), plain \(.*\), deblur \(.*\)\./],
    ['a file instead of a name', [field, '-s', '2', '-o', out, '--weights', 'models/bicubic.arch'], 2, /It takes a name; a run folder or a network file is given by --run\./],
    ['two kinds of weights', [field, '-s', '2', '-o', out, '--weights', 'deblur', ...bicubic], 2, /option '--weights <name>' cannot be used with option '--run <run>'/],
    ['two names', [field, '-s', '2', '-o', out, '--weights', 'deblur', '--plain'], 2, /option '--plain' cannot be used with option '--weights <name>'/],
    ['a tile of nothing', [field, '-s', '2', '-o', out, '--tile', '0'], 2, /argument '0' is invalid\. It takes a whole number of at least 1\./],
    ['no scope', [field, '-s', '2', '-o', out, '--scope', 'lattice'], 2, /A scope is full, lattice\(2304\), raster\(30000\) or tile\(4096\)\./],
    ['an engine that is none', [field, '-s', '2', '-o', out, '--engine', 'nonsense'], 2, /Allowed choices are tensorflow, wasm, cpu\./],
  ])('%s', async (_what, args, code, message) => {
    const outcome = await archc(['upscale', ...args])
    expect(outcome.stderr).toMatch(message)
    expect(outcome.stderr.match(/^error/gm)).toHaveLength(1)
    expect(outcome).toMatchObject({ code, stdout: '' })
    expect(readdirSync(place)).toEqual(['both', 'same.png'])
    expect(readFileSync(path.join(place, 'same.png'))).toEqual(readFileSync(field))
    expect(readdirSync(path.join(place, 'both'))).toEqual(['a.png', 'a.tif'])
  }) // prettier-ignore

  it('but a kill, whose file is unfinished by its name and goes with the next picture', async () => {
    const stopped = inside('stopped')
    mkdirSync(stopped)
    const { child, outcome } = startArchc(['upscale', testField, '-s', '4', '-o', path.join(stopped, 'x.png')])
    while (!readdirSync(stopped).some((name) => name.endsWith('.tmp')) && child.exitCode === null) await wait(20)
    child.kill('SIGKILL')
    expect(await outcome).toMatchObject({ signal: 'SIGKILL', stdout: '' })
    expect(readdirSync(stopped)).toEqual([expect.stringMatching(/^\.x\.png\..*\.tmp$/)])
    await archc(['upscale', field, '-s', '2', '-o', path.join(stopped, 'y.png'), ...bicubic])
    expect(readdirSync(stopped)).toEqual(['y.png'])
  })
})

describe('a network that is told how pictures were compressed', () => {
  /** Paints what it is told, 0 black and 1 white. */
  const told = inside('told.arch')
  const jpeg = inside('told.jpg')
  beforeAll(async () => {
    writeFileSync(
      told,
      `model Told {
  scale m = 2
  input lr: [B, h, w, 3] as image in 0 .. 1
  input strength: [B, 1] as compression
  output sr: [B, m * h, m * w, 3] as image in 0 .. 1
  return interpolate(lr, by: m, kernel: nearest) * 0 + rearrange(strength, "B c -> B 1 1 c")
}
`,
    )
    await sharp(source.data, { raw: { width: source.width, height: source.height, channels: 3 } })
      .jpeg({ quality: 50 })
      .toFile(jpeg)
  })
  const level = (strength: number): number => Math.round(255 * strength)
  it.each([
    ['a JPEG by its tables', jpeg, [], level(0.6928), /told\.jpg: JPEG of quality 50 \(4:2:0\) by its tables: the network is told 0\.69 of 1\n/],
    ['a PNG that never was one', field, [], 0, /field\.png: no JPEG by its file or pixels: the network is told 0\.00 of 1\n/],
    ['whatever the user says', field, ['--compression', '50'], level(0.6928), /, taken as quality 50 \(--compression\): the network is told 0\.69 of 1\n/],
    ['that it was none', jpeg, ['--compression', 'none'], 0, /by its tables, taken as never compressed \(--compression\): the network is told 0\.00 of 1\n/],
  ] as const)('%s', async (_what, input, flags, painted, said) => {
    const out = inside('told.png')
    const { code, stderr } = await archc(['upscale', input, '--scale', '2', '--run', told, '-o', out, ...flags])
    expect(code, stderr).toBe(0)
    expect(stderr).toMatch(said)
    expect(new Set((await readPicture(out)).picture.data)).toEqual(new Set([painted]))
    expect((await texts(out))['Told compression']).toMatch(painted === 0 ? /^0\.000$/ : /^0\.693$/)
  }) // prettier-ignore
  it('others are not', async () => {
    const { code, stderr } = await archc([
      'upscale',
      field,
      '--scale',
      '2',
      ...bicubic,
      '-o',
      inside('not.png'),
      '--compression',
      '80',
    ])
    expect(code).toBe(1)
    expect(stderr).toMatch(/Bicubic is not told how pictures were compressed: it has no input as compression/)
    const wrong = await archc(['upscale', field, '--scale', '2', ...bicubic, '-o', inside('not.png'), '--compression', '101'])
    expect(wrong.code).toBe(2)
    expect(wrong.stderr).toMatch(/It takes a quality of 1 to 100, or none\./)
  })
})
