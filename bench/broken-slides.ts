import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { UserError } from '../src/errors.ts'
import { createRandom, type Random } from '../src/runtime/files/random.ts'
import { mendedRegion, mendedThumbnail, type Damage } from '../src/runtime/slides/mended-region.ts'
import { openByOpenslide, openslide, openSlide } from '../src/runtime/slides/open-slide.ts'
import { print } from './print.ts'

/** What became of slides that were cut off or changed. */
export interface BrokenSlides {
  readonly count: number
  /** Refused by name; read with places that are named; read as if nothing were the matter. */
  readonly refused: number
  readonly damaged: number
  readonly read: number
  /** Anything else: what was thrown that names no slide. */
  readonly others: readonly string[]
  readonly longestSeconds: number
}

/** Ways to break a file. */
const ways: readonly ((bytes: Buffer, random: Random) => Buffer)[] = [
  (bytes, random) => bytes.subarray(0, Math.floor(random.uniform(0, bytes.length))),
  (bytes, random) => changed(bytes, random, 1 + Math.floor(random.uniform(0, 20)), bytes.length),
  // Directories stand at the beginning or the end.
  (bytes, random) => changed(bytes, random, 1 + Math.floor(random.uniform(0, 20)), Math.min(bytes.length, 4096)),
  (bytes, random) => changed(bytes, random, 1 + Math.floor(random.uniform(0, 20)), bytes.length, bytes.length - 16_384),
  (bytes, random) => filled(bytes, random, 0),
  (bytes, random) => filled(bytes, random, 255),
]

function changed(bytes: Buffer, random: Random, count: number, to: number, from = 0): Buffer {
  const other = Buffer.from(bytes)
  for (let each = 0; each < count; each += 1)
    other[Math.floor(random.uniform(Math.max(0, from), to))] = Math.floor(random.uniform(0, 256))
  return other
}

function filled(bytes: Buffer, random: Random, value: number): Buffer {
  const from = Math.floor(random.uniform(0, bytes.length))
  return Buffer.from(bytes).fill(value, from, Math.min(bytes.length, from + Math.floor(random.uniform(1, 65_536))))
}

/** Breaks slides in `count` ways, by a seed, and reads each: by libvips or OpenSlide as archc does, and those of libvips by OpenSlide too. */
export async function measureBrokenSlides(files: readonly string[], count: number): Promise<BrokenSlides> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'archc-bench-'))
  const random = createRandom(1)
  const found = { refused: 0, damaged: 0, read: 0 }
  const others: string[] = []
  let longestSeconds = 0
  try {
    for (let at = 0; at < count; at += 1) {
      const source = files[at % files.length]!
      const way = ways[Math.floor(at / files.length) % ways.length]!
      const file = path.join(folder, `${at}-${path.basename(source)}`)
      writeFileSync(file, way(readFileSync(source), random.split(String(at))))
      const start = performance.now()
      const outcome = await outcomeOf(file, at % 2 === 1)
      longestSeconds = Math.max(longestSeconds, (performance.now() - start) / 1000)
      if (typeof outcome === 'string') found[outcome] += 1
      else {
        others.push(`${path.basename(file)}: ${outcome.message}`)
        print(others.at(-1)!)
      }
      rmSync(file)
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
  return { count, ...found, others, longestSeconds }
}

async function outcomeOf(file: string, byOpenslide: boolean): Promise<'refused' | 'damaged' | 'read' | Error> {
  try {
    const slide = byOpenslide ? await openByOpenslide(file, await openslide(() => undefined)) : await openSlide(file)
    try {
      const damage: Damage[] = []
      await mendedThumbnail(slide, 200, 200)
      for (const [level, { width, height }] of slide.levels.entries()) {
        const [across, down] = [Math.min(600, width), Math.min(600, height)]
        await mendedRegion(slide, level, width - across, height - down, across, down, [255, 255, 255], (each) =>
          damage.push(each),
        )
      }
      return damage.length > 0 ? 'damaged' : 'read'
    } finally {
      slide.close()
    }
  } catch (error) {
    if (error instanceof UserError && error.message.includes(path.basename(file))) return 'refused'
    return error as Error
  }
}
