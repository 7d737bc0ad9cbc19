import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { writePng } from '../../src/runtime/data/png-writer.ts'
import { painted, temporaryFolder } from '../runtime/network/small.ts'
import { smear, writePyramid } from '../runtime/data-recipes/synthetic.ts'
import { archc } from './run-archc.ts'

const folder = temporaryFolder()
const inside = (...names: string[]): string => path.join(folder, ...names)

beforeAll(async () => {
  mkdirSync(inside('fields', 'a'), { recursive: true })
  mkdirSync(inside('fields', 'b'))
  mkdirSync(inside('fields', 'c'))
  for (const [at, group] of ['a', 'a', 'b', 'c'].entries())
    await writePng(painted(40, 40, at), inside('fields', group, `${at}.png`))
  await writePyramid(smear(260, 200, 130), inside('S1.tif'))
  writeFileSync(inside('slide.ndpi'), 'x')
})

describe('archc data', () => {
  it('prepare tcga: what was made, and that its split leaks; verify: the same digest', async () => {
    const set = inside('tcga')
    const made = await archc([
      'data',
      'prepare',
      'tcga',
      inside('S1.tif'),
      '-o',
      set,
      '--side',
      '64',
      '--tile',
      '32',
      '--split',
      '3/1/1',
    ])
    expect(made.code, made.stderr).toBe(0)
    expect(made.stdout).toMatch(
      /tcga: 20 pictures \(train 12, val 4, test 4\)\nsplit: .*--split-by slide keeps them apart\ndigest [0-9a-f]{64}\n$/,
    )
    const verified = await archc(['data', 'verify', set])
    expect(verified.stdout).toMatch(/tcga: 20 pictures, all as the manifest says\ndigest [0-9a-f]{64}\n$/)
    expect(verified.stdout.split('digest ')[1]).toBe(made.stdout.split('digest ')[1])
    writeFileSync(path.join(set, 'train.csv'), '')
    const spoilt = await archc(['data', 'verify', set, '--json'])
    expect(spoilt).toMatchObject({ code: 1, stderr: expect.stringMatching(/is not as its manifest says:\n {2}train\.csv: it lists other pictures\n/) as string }) // prettier-ignore
    expect(JSON.parse(spoilt.stdout)).toMatchObject({ pictures: 20, problems: ['train.csv: it lists other pictures'] })
  })

  it('prepare fields and tma: by folder, and at random with what differs from the paper', async () => {
    const fields = await archc([
      'data',
      'prepare',
      'fields',
      inside('fields'),
      '-o',
      inside('set'),
      '--group-by',
      'folder',
      '--json',
    ])
    expect(JSON.parse(fields.stdout)).toMatchObject({
      split: { by: 'group', says: 'whole groups (3 of them): none stands on two sides' },
    })
    const tma = await archc(['data', 'prepare', 'tma', inside('fields'), '-o', inside('tma')])
    expect(tma.stderr).toMatch(/^4 pictures\n4 pictures, not 573: split in the proportion 460\/57\/56\n/)
    expect(tma.stdout).toMatch(/4 pictures \(train 2, val 1, test 1\)\nsplit: pictures at random: .*two sides\n/)
  })

  it.each<[string, string[], number, RegExp]>([
    ['another kind of slide', ['prepare', 'tcga', inside('slide.ndpi'), '-o', inside('x')], 1, /slide\.ndpi: it is no slide that archc reads\n {2}help: .*NDPI/],
    ['fields without groups', ['prepare', 'fields', inside('fields'), '-o', inside('x')], 1, /^error: no group for a\/0\.png, .*\n {2}help: .*--group-by/],
    ['no pattern', ['prepare', 'fields', inside('fields'), '-o', inside('x'), '--group-by', '('], 1, /^error: \( is no regular expression/],
    ['two counts', ['prepare', 'tma', inside('fields'), '-o', inside('x'), '--split', '3/1'], 2, /It takes three counts, such as 320\/40\/40\./],
    ['nowhere to go', ['prepare', 'tma', inside('fields')], 2, /archc data prepare tma needs --out <folder>\n/],
    ['a folder that is no set', ['verify', inside('fields')], 1, /^error: cannot read .*manifest\.json: there is no such file\n/],
  ])('refuses %s', async (_what, args, code, message) => {
    const outcome = await archc(['data', ...args])
    expect(outcome.stderr).toMatch(message)
    expect(outcome).toMatchObject({ code, stdout: '' })
  }) // prettier-ignore
})
