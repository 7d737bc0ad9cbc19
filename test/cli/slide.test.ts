import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { openslideHome } from '../../src/runtime/slides/bring-openslide.ts'
import { smear, writePyramid } from '../runtime/data-recipes/synthetic.ts'
import { temporaryFolder } from '../runtime/network/small.ts'
import { archc } from './run-archc.ts'

const folder = temporaryFolder()
const pyramid = path.join(folder, 'pyramid.tif')
beforeAll(() => writePyramid(smear(300, 260, 150), pyramid))

describe('archc slide info', () => {
  it('says levels, resolution, tissue and what is beside it, and brings OpenSlide where it is not there', async () => {
    const { code, stdout, stderr } = await archc(['slide', 'info', pyramid])
    expect(code, stderr).toBe(0)
    expect(stdout).toMatch(
      /^.*pyramid\.tif\n {2}format +generic-tiff\n {2}level 0 +300 x 260\n {2}level 1 +150 x 130, smaller by 2\n[^]* {2}micrometres a pixel +0\.5 \(the resolution tags of TIFF\)\n {2}magnification +not said\n {2}colour profile +none\n {2}tissue +\d+ %\n {2}beside it +nothing\n$/,
    )
    expect(existsSync(openslideHome())).toBe(true)
  })

  it('--json: one object, without what could name a patient; with it by --all', async () => {
    const plain = JSON.parse((await archc(['slide', 'info', pyramid, '--json'])).stdout) as Record<string, unknown>
    expect(plain).toMatchObject({ vendor: 'generic-tiff', mpp: { x: expect.closeTo(0.5, 6) as number }, associated: [] })
    expect(plain).not.toHaveProperty('properties')
    const all = JSON.parse((await archc(['slide', 'info', pyramid, '--json', '--all'])).stdout) as { properties: object }
    expect(all.properties).toHaveProperty('openslide.vendor', 'generic-tiff')
  })

  it('names what is no slide', async () => {
    writeFileSync(path.join(folder, 'x.mrxs'), 'no slide')
    const { code, stderr } = await archc(['slide', 'info', path.join(folder, 'x.mrxs')])
    expect(code).toBe(1)
    expect(stderr).toMatch(/x\.mrxs: it is no slide that archc reads\n {2}help: /)
  })
})

describe('archc slides', () => {
  it('install, from a folder without the wheel, says what to fetch, and leaves nothing', async () => {
    const cache = path.join(folder, 'cache')
    mkdirSync(path.join(folder, 'empty'))
    const { code, stderr } = await archc(['slides', 'install', '--from', path.join(folder, 'empty')], {
      env: { ARCHC_CACHE: cache },
    })
    expect(code).toBe(1)
    expect(stderr).toMatch(
      /empty: there is no wheel openslide_bin-.*\n {2}help: fetch it elsewhere: pip download --no-deps openslide-bin==/,
    )
    expect(readdirSync(path.join(cache, 'slides'))).toEqual([])
  })

  it('install, where it is there already, says so', async () => {
    await archc(['slides', 'install'])
    expect((await archc(['slides', 'install'])).stdout).toMatch(/^OpenSlide is in .* already\n$/)
  })
})
