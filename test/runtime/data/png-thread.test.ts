import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { UserError } from '../../../src/errors.ts'
import { threadedPngWriter } from '../../../src/runtime/data/png-thread.ts'
import { writePng } from '../../../src/runtime/data/png-writer.ts'
import { temporaryFolder } from '../network/small.ts'

const folder = temporaryFolder()
const inside = (name: string): string => path.join(folder, name)
const [width, height] = [211, 90]
const painted = (seed: number): Uint8Array =>
  Uint8Array.from({ length: width * height * 3 }, (_, at) => (at * seed + (at >> 7)) & 255)

test('pictures that are written at the same time are those that one thread writes, byte for byte', async () => {
  const options = { density: 300, colours: 'srgb', text: { Software: 'archc' } } as const
  const all = [3, 5, 7].map((seed) => ({ data: painted(seed), file: inside(`${seed}.png`) }))
  const sinks = await Promise.all(all.map(({ file }) => threadedPngWriter(file, width, height, options)))
  for (let row = 0; row < height; row += 10)
    for (const [at, sink] of sinks.entries()) {
      await sink.write(all[at]!.data.subarray(row * width * 3, (row + 10) * width * 3))
      expect(existsSync(all[at]!.file)).toBe(false)
    }
  for (const sink of sinks) await sink.close()
  for (const { data, file } of all) {
    await writePng({ width, height, data }, inside('expected.png'), options)
    expect(readFileSync(file).equals(readFileSync(inside('expected.png')))).toBe(true)
  }
})

test('rows may be written anew once they are given', async () => {
  const rows = painted(3)
  const sink = await threadedPngWriter(inside('given.png'), width, height)
  await sink.write(rows)
  rows.fill(0)
  await sink.close()
  await writePng({ width, height, data: painted(3) }, inside('expected.png'))
  expect(readFileSync(inside('given.png')).equals(readFileSync(inside('expected.png')))).toBe(true)
})

test('what cannot be written is said as without a thread, with the file', async () => {
  const place = inside('3.png/out.png')
  const error = await threadedPngWriter(place, 2, 2).catch((each: unknown) => each)
  expect(error).toBeInstanceOf(UserError)
  expect((error as UserError).message).toBe(`cannot write ${place}: a part of the path is a file, not a folder`)
  expect((error as UserError).help).toBe('check the path')
})

test('a mistake on the way is said by the next call and by all after it; nothing is left', async () => {
  writeFileSync(inside('old.png'), 'old')
  const before = readdirSync(folder)
  const late = await threadedPngWriter(inside('old.png'), 10, 10)
  await late.write(new Uint8Array(31)) // on its way
  await expect(late.close()).rejects.toThrow(/31 bytes are not 10 or fewer rows of 30/)
  await expect(late.write(new Uint8Array(30))).rejects.toThrow(/31 bytes/)
  await late.abort()
  const unfinished = await threadedPngWriter(inside('old.png'), 10, 10)
  await unfinished.write(new Uint8Array(90))
  await expect(unfinished.close()).rejects.toThrow(/7 of 10 rows/)
  await unfinished.abort()
  const aborted = await threadedPngWriter(inside('old.png'), 10, 10)
  await aborted.write(new Uint8Array(90))
  await aborted.abort()
  expect(readdirSync(folder)).toEqual(before)
  expect(readFileSync(inside('old.png'), 'utf8')).toBe('old')
})
