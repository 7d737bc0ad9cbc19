import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import dcmjs from 'dcmjs'
import sharp from 'sharp'
import { beforeAll, describe, expect, it } from 'vitest'
import type { EnlargedFacts } from '../../../src/runtime/slides/enlarged-facts.ts'
import { EnlargedSlide, requireForm, type Layout } from '../../../src/runtime/slides/enlarged-slide.ts'
import { journalOf } from '../../../src/runtime/slides/tile-file.ts'
import { continued, type Picture } from '../../../src/runtime/data/picture.ts'
import { readPicture } from '../../../src/runtime/data/read-picture.ts'
import { temporaryFolder, testField } from '../network/small.ts'

const folder = temporaryFolder()
const [width, height, tile] = [1500, 1100, 256]
const facts: EnlargedFacts = { mpp: { x: 0.25, y: 0.26 }, magnification: 40, description: 'Computed by a network: not for diagnosis.', model: 'Live', modelHash: 'a'.repeat(64), sourceHash: 'b'.repeat(64), software: 'archc 0.1.0' } // prettier-ignore
const layoutOf = (form: Layout['form']): Layout => ({
  width,
  height,
  tile,
  block: 4,
  form,
  quality: 90,
  glass: [243, 242, 241],
  blocks: [0, 1],
  facts: facts as Layout['facts'],
})
let field: Picture

/** Two blocks of three are tissue; below them is glass. */
async function made(form: Layout['form'], name: string): Promise<string> {
  const file = path.join(folder, name)
  const layout = layoutOf(form)
  const slide = await EnlargedSlide.open(`${file}.part`, { layout, made: {} }, false)
  for (const block of layout.blocks) await slide.addBlock(block, continued(field, block * 1024, 0, 1024, 1024).data, {})
  await slide.addUpperLevels()
  await slide.finish(file)
  return file
}

interface Instance {
  readonly syntax: unknown
  readonly dataset: Record<string, unknown>
  readonly frames: readonly Uint8Array[]
}

function read(file: string): Instance {
  const bytes = readFileSync(file)
  const { DicomMessage, DicomMetaDictionary } = dcmjs.data
  const { meta, dict } = DicomMessage.readFile(new Uint8Array(bytes).buffer)
  const dataset = DicomMetaDictionary.naturalizeDataset(dict)
  const frames = (dataset['PixelData'] as ArrayBuffer[]).map((frame) => new Uint8Array(frame))
  return { syntax: (meta['00020010'] as { Value: unknown[] }).Value[0], dataset, frames }
}

beforeAll(async () => {
  field = (await readPicture(testField)).picture
})

describe('an enlarged slide as DICOM', () => {
  it('is a series of instances, one a level, with their sizes and resolutions', async () => {
    const file = await made('jpeg', 'jpeg.dcm')
    const names = ['jpeg.dcm', 'jpeg.level-1.dcm', 'jpeg.level-2.dcm', 'jpeg.level-3.dcm']
    expect(readdirSync(folder).filter((name) => name.startsWith('jpeg')).sort()).toEqual(names) // prettier-ignore
    const levels = names.map((name) => read(path.join(folder, name)))
    const of = (tag: string) => levels.map(({ dataset }) => dataset[tag])
    expect(of('TotalPixelMatrixColumns')).toEqual([1500, 750, 375, 188])
    expect(of('TotalPixelMatrixRows')).toEqual([1100, 550, 275, 138])
    expect(of('NumberOfFrames').map(Number)).toEqual(levels.map(({ frames }) => frames.length))
    expect(new Set(of('SeriesInstanceUID')).size).toBe(1)
    expect(new Set(of('SOPInstanceUID')).size).toBe(4)
    const spacing = levels.map(({ dataset }) => {
      const [groups] = dataset['SharedFunctionalGroupsSequence'] as [{ PixelMeasuresSequence: [{ PixelSpacing: number[] }] }]
      return groups.PixelMeasuresSequence[0].PixelSpacing.map(Number)
    })
    expect(spacing[0]).toEqual([0.00026, 0.00025])
    expect(spacing[3]).toEqual([(0.00026 * 1100) / 138, (0.00025 * 1500) / 188].map((mm) => expect.closeTo(mm, 9) as number))
    const { dataset, syntax } = levels[0]!
    expect(syntax).toBe('1.2.840.10008.1.2.4.50')
    expect(dataset).toMatchObject({ ImageType: ['DERIVED', 'PRIMARY', 'VOLUME', 'NONE'], LossyImageCompression: '01', PhotometricInterpretation: 'YBR_FULL_422' }) // prettier-ignore
    expect(dataset['DerivationDescription']).toBe(facts.description)
    expect(readFileSync(file).includes('not for diagnosis')).toBe(true)
    const [path0] = dataset['OpticalPathSequence'] as [{ ObjectiveLensPower: number; ICCProfile: ArrayBuffer[] }]
    expect(Number(path0.ObjectiveLensPower)).toBe(40)
    expect(path0.ICCProfile[0]!.byteLength).toBeGreaterThan(100)
    expect(existsSync(`${file}.part`) || existsSync(journalOf(`${file}.part`))).toBe(false)
  })

  it('says nothing of a patient or a day', () => {
    const { dataset } = read(path.join(folder, 'jpeg.dcm'))
    const empty = ['PatientID', 'PatientBirthDate', 'PatientSex', 'StudyDate', 'StudyTime', 'StudyID', 'AccessionNumber']
    for (const tag of empty) expect([tag, dataset[tag] ?? '']).toEqual([tag, ''])
    expect(dataset['AcquisitionDateTime']).toBe('19700101000000')
  })

  it('has the tiles of the TIFF as frames, glass where nothing was computed', async () => {
    const { frames } = read(path.join(folder, 'jpeg.dcm'))
    const tiff = await made('jpeg', 'jpeg.tif')
    const whole = await sharp(tiff).removeAlpha().raw().toBuffer()
    const [column, row] = [2, 1]
    const frame = await sharp(frames[row * 6 + column])
      .raw()
      .toBuffer()
    const there = await sharp(whole, { raw: { width, height, channels: 3 } })
      .extract({ left: column * tile, top: row * tile, width: tile, height: tile })
      .raw()
      .toBuffer()
    expect(frame.equals(there)).toBe(true)
    const glass = await sharp(frames[4 * 6 + 5])
      .raw()
      .toBuffer()
    expect(glass.every((value, at) => Math.abs(value - [243, 242, 241][at % 3]!) <= 1)).toBe(true)
  })

  it('equal slides are equal files', async () => {
    const again = await made('jpeg', 'again.dcm')
    expect(readFileSync(again).equals(readFileSync(path.join(folder, 'jpeg.dcm')))).toBe(true)
  })

  it('without loss holds the pixels themselves', async () => {
    const file = await made('deflate', 'lossless.dcm')
    const { syntax, frames, dataset } = read(file)
    expect(syntax).toBe('1.2.840.10008.1.2.1')
    expect(dataset['PhotometricInterpretation']).toBe('RGB')
    const size = 3 * tile * tile
    const pixels = frames[0]!
    expect(pixels.length).toBe(size * Number(dataset['NumberOfFrames']))
    const wanted = continued(field, 2 * tile, tile, tile, tile).data
    expect(Buffer.from(pixels.subarray(8 * size, 9 * size)).equals(Buffer.from(wanted))).toBe(true)
  })

  it('is refused where DICOM cannot hold it, before anything is computed', () => {
    const refused = (layout: Layout) => () => requireForm('out.dcm', layout)
    const { mpp: _, ...nameless } = facts
    expect(refused({ ...layoutOf('jpeg'), facts: nameless as Layout['facts'] })).toThrow(/DICOM must say how large pixels are/)
    expect(refused({ ...layoutOf('deflate'), width: 60_000, height: 60_000 })).toThrow(/4 GiB/)
    expect(refused({ ...layoutOf('jpeg'), width: 60_000, height: 60_000 })).not.toThrow()
  })

  it.runIf(spawnSync('dciodvfy', ['-version']).error === undefined)('dciodvfy finds no error (where it is installed)', () => {
    for (const name of ['jpeg.dcm', 'jpeg.level-3.dcm', 'lossless.dcm']) {
      const { stderr, stdout } = spawnSync('dciodvfy', [path.join(folder, name)], { encoding: 'utf8' })
      expect(stdout + stderr).toContain('VLWholeSlideMicroscopyImage')
      expect((stdout + stderr).split('\n').filter((line) => line.startsWith('Error'))).toEqual([])
    }
  })
})
