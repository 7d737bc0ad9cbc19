import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder, testField } from '../runtime/network/small.ts'
import { archc } from './run-archc.ts'

const folder = temporaryFolder()
const inside = (name: string): string => path.join(folder, name)
const broken = inside('broken.png')
const cut = inside('cut.safetensors')
writeFileSync(broken, 'no picture')
writeFileSync(cut, Buffer.from([200, 0, 0, 0, 0, 0, 0, 0, 123]))

describe('a mistake of the user gives one clear error', () => {
  it.each<[string, string[], number, RegExp]>([
    ['a wrong preset', ['compile', 'models/iste.arch', '--preset', 'smal', '--no-emit'], 1, /no preset smal; did you mean small/],
    ['a misspelt path', ['compile', 'models/iste.arch', '--set', 'encoder.embde=3', '--no-emit'], 1, /did you mean embed\?/],
    ['a missing flag', ['upscale', testField, '-o', inside('x.png')], 2, /say --scale 2/],
    [
      'two kinds of weights',
      ['upscale', testField, '-s', '2', '--run', 'runs/x', '--plain', '-o', inside('x.png')],
      2,
      /option '--plain' cannot be used with option '--run <run>'/,
    ],
    ['a scale out of range', ['upscale', testField, '-s', '65', '-o', inside('x.png')], 2, /from 1 to 64/],
    ['a corrupt picture', ['upscale', broken, '-s', '2', '-o', inside('x.png')], 1, /broken\.png/],
    ['truncated weights', ['upscale', testField, '-s', '2', '--run', cut, '-o', inside('x.png')], 1, /cut\.safetensors/],
    ['an unwritable output', ['compile', 'models/bicubic.arch', '-o', path.join(broken, 'below')], 1, /broken\.png/],
  ])('%s', async (_what, args, code, message) => {
    const outcome = await archc(args)
    expect(outcome.stderr).toMatch(message)
    expect(outcome.stderr).not.toMatch(/bug in archc/)
    expect(outcome.stdout).toBe('')
    expect(outcome.code).toBe(code)
  })
})
