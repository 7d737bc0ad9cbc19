import { existsSync, readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import sharp from 'sharp'
import { beforeAll, describe, expect, it } from 'vitest'
import { crop } from '../../src/runtime/data/picture.ts'
import { writePng } from '../../src/runtime/data/png-writer.ts'
import { readPicture } from '../../src/runtime/data/read-picture.ts'
import { plainWeights } from '../../src/runtime/weights/carried.ts'
import { temporaryFolder, testField } from '../runtime/network/small.ts'
import { archc } from './run-archc.ts'

const folder = temporaryFolder()
const inside = (name: string): string => path.join(folder, name)
const field = inside('field.png')
const data = (name: string) => JSON.parse(readFileSync(inside(name), 'utf8')) as Record<string, unknown>

beforeAll(async () => {
  // 50,800 pixels an inch are 0.5 micrometres a pixel.
  await writePng(crop((await readPicture(testField)).picture, 460, 360, 64, 64), field, { density: 50_800 })
})

it.each(['', 'textures', 'compare', 'scales', 'enlarged', 'decoders', 'transfer'])(
  'figure %s --help has an example',
  async (name) => {
    const { code, stdout } = await archc(['figure', ...name.split(' ').filter(Boolean), '--help'])
    expect(code).toBe(0)
    expect(stdout.split('\nExamples:\n')[1]).toContain(`archc figure ${name}`.trim())
  },
)

describe('figure', () => {
  it('textures writes PNG, SVG and JSON, twice the same, without an engine', async () => {
    const command = ['figure', 'textures', testField, '--tissue', field, '--size', '48', '-o']
    const { code, stdout, stderr } = await archc([...command, inside('textures.png')])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout.trim().split('\n')).toEqual(['png', 'svg', 'json'].map((ending) => inside(`textures.${ending}`)))
    await archc([...command, inside('again')])
    for (const ending of ['png', 'svg', 'json'])
      expect(readFileSync(inside(`again.${ending}`)).equals(readFileSync(inside(`textures.${ending}`)))).toBe(true)
  })

  it('transfer draws arrows of the weights that archc carries', async () => {
    const { code, stderr } = await archc(['figure', 'transfer', field, '--scope', 'lattice(400)', '-o', inside('transfer')])
    expect(code, stderr).toBe(0)
    expect(data('transfer.json')).toMatchObject({
      figure: 'transfer',
      picture: 'field.png',
      micrometresPerPixel: 0.5,
      scale: 4,
      matches: 1600,
      systems: [{ label: 'ISTE on bicubic', scope: 'lattice(400)', weights: plainWeights.file }],
    })
    expect(readFileSync(inside('transfer.svg'), 'utf8')).toContain('µm')
    const { comments, density } = await sharp(inside('transfer.png')).metadata()
    expect(density).toBe(192)
    expect(Object.fromEntries((comments ?? []).map(({ keyword, text }) => [keyword, text]))).toMatchObject({
      Comment: expect.stringContaining('not for diagnosis') as string,
    })
  })

  const none = inside('none.png')
  it.each([
    [['compare', none], 1, `${none}: there is no such file`],
    [['compare', field, '--at', '60,60,20'], 1, '--at: 20 x 20 at (60, 60) does not lie inside of'],
    [
      ['compare', field, '--at', '0,0,40', '--inset', '0,0,21'],
      1,
      '--inset: 21 x 21 at (0, 0) is more than half as wide or high',
    ],
    [['compare', field, '--at', '1,2'], 2, "argument '1,2' is invalid. It takes whole numbers: x,y,size or x,y,width,height."],
    [['compare', field, '--mpp', '0'], 2, 'It takes a number above 0.'],
    [['scales', field, '--scales', '2,x'], 2, 'A scale is a number from 1 to 64.'],
    [['textures', field, '--tissue', field, '--low', '9'], 2, '--low is above --high'],
    [['textures', field], 2, 'archc figure textures needs --tissue <pictures...>'],
    [['decoders', field, '--run', 'models/bicubic.arch'], 1, 'Bicubic has no output by_lpd'],
    [['transfer', field, '--run', inside('no-run')], 1, 'no-run'],
  ])('%j', async (args, code, message) => {
    const outcome = await archc(['figure', ...args, '-o', inside('wrong')])
    expect(outcome).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(message) as string })
    expect(existsSync(inside('wrong.png'))).toBe(false)
  })

  it.each([
    [field.slice(0, -4), `${field} is a picture of this figure: it is not written over`],
    [path.join(field, 'a'), 'a part of the path is a file, not a folder'],
  ])('-o %s is refused', async (out, message) => {
    for (const args of [
      ['scales', field],
      ['textures', testField, '--tissue', field],
    ])
      expect(await archc(['figure', ...args, '-o', out])).toMatchObject({
        code: 1,
        stderr: expect.stringContaining(message) as string,
      })
  })

  it('leaves nothing half-written', () => expect(readdirSync(folder).filter((name) => /tmp|part/.test(name))).toEqual([]))
})
