import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { UserError } from '../../../src/errors.ts'
import { readPicture } from '../../../src/runtime/data/read-picture.ts'

const folder = fileURLToPath(new URL('../../fixtures/pictures/', import.meta.url))
const expected = JSON.parse(readFileSync(path.join(folder, 'expected.json'), 'utf8')) as Record<string, string>
const files = readdirSync(folder).filter((name) => /\.(png|jpg|tif)$/.test(name))

describe('kinds of pictures', () => {
  it.each(files.filter((name) => name in expected))('%s has the pixels that Pillow or its maker says', async (name) => {
    // Of wide.jpg, what ImageCms makes of it through its profile: the decoder and Little CMS each round once.
    const [profile, tolerance] = name === 'wide.jpg' ? (['convert', 1] as const) : (['ignore', 0] as const)
    const { picture } = await readPicture(path.join(folder, name), { profile })
    const wanted = Buffer.from(expected[name]!, 'base64')
    expect(picture.data.length).toBe(wanted.length)
    const most = picture.data.reduce((worst, value, at) => Math.max(worst, Math.abs(value - wanted[at]!)), 0)
    expect(most).toBeLessThanOrEqual(tolerance)
  })

  it.each(files.filter((name) => !(name in expected)))('%s is read or refused by name', async (name) => {
    const outcome = await readPicture(path.join(folder, name)).catch((error: unknown) => error)
    if (outcome instanceof Error) {
      expect(outcome).toBeInstanceOf(UserError)
      expect(outcome.message).toContain(name)
    } else expect((outcome as { picture: { data: Uint8Array } }).picture.data.length).toBeGreaterThan(0)
  })
})
