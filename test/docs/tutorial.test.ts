import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { archcRoot } from '../../src/root.ts'
import { archc } from '../cli/run-archc.ts'
import { temporaryFolder } from '../runtime/network/small.ts'
import { readPage, saidOf, stepsOf, withTexts } from './blocks.ts'

/**
 * Does what the tutorial says: its files are written, its commands are run, the training too, and what they print is compared.
 * `UPDATE=1 npx vitest run test/docs/tutorial.test.ts` writes that anew, but for the numbers of `text about`.
 */
const page = 'docs/tutorial.md'
const steps = stepsOf(readPage(page))
const update = process.env['UPDATE'] !== undefined
const printed = new Map<number, string>()
afterAll(() => {
  if (update) writeFileSync(path.join(archcRoot, page), withTexts(readPage(page), printed))
})

const clone = path.join(temporaryFolder(), 'clone')
mkdirSync(clone)
for (const part of ['models', 'samples']) symlinkSync(path.join(archcRoot, part), path.join(clone, part))

/** Runs lines of a shell that call archc, and gives all that they print. */
async function run(text: string): Promise<{ readonly isFine: boolean; readonly output: string }> {
  const outcomes = []
  for (const line of text.trimEnd().split('\n')) {
    const [npx, name, ...words] = line.split(' ')
    expect([npx, name]).toEqual(['npx', 'archc'])
    outcomes.push(await archc(words, { cwd: clone }))
  }
  return {
    isFine: outcomes.every(({ code }) => code === 0),
    output: `${outcomes.map(({ stdout, stderr }) => stderr + stdout).join('').trimEnd()}\n`,
  }
}

/** Whether a line is as another, but for broken numbers within twenty of their last digits. */
function isNear(line: string, shown: string): boolean {
  const [words, shownWords] = [line, shown].map((text) => text.trim().split(/\s+/))
  return (
    words!.length === shownWords!.length &&
    words!.every((word, at) => {
      const other = shownWords![at]!
      const digits = /^[+-]?\d+\.(\d+)$/.exec(other)?.[1]?.length
      return digits === undefined ? word === other : Math.abs(Number(word) - Number(other)) <= 20.5 * 10 ** -digits
    })
  )
}

describe('the tutorial', () => {
  test.each([...steps.entries()])('block %i', async (at, { block, files, next, afterNext }) => {
    for (const [file, text] of Object.entries(files)) writeFileSync(path.join(clone, file), text)
    switch (block.kind) {
      case 'file':
      case 'into':
        // A module that the next block uses may be unused until then.
        if (next?.kind === 'into') expect(saidOf(files)).not.toMatch(/^error/m)
        else expect(saidOf(files)).toBe('')
        break
      case 'mistake':
        expect([next?.kind, afterNext?.kind]).toEqual(['commands', 'printed'])
        if (!update) expect(afterNext!.text).toMatch(/^error\[/)
        break
      case 'commands': {
        const { isFine, output } = await run(block.text)
        if (next?.kind === 'printed') printed.set(at + 1, output)
        if (next?.kind === 'printed' && !update) expect(next.text).toBe(output)
        if (next?.kind === 'about') {
          const lines = output.split('\n')
          const missing = next.text.trimEnd().split('\n').filter((shown) => !lines.some((line) => isNear(line, shown))) // prettier-ignore
          expect(missing.map((line) => `${line} stands not in\n${output}`)).toEqual([])
        }
        if (next?.kind !== 'printed') expect(isFine ? '' : output).toBe('')
        break
      }
      case 'printed':
      case 'about':
        expect(steps[at - 1]!.block.kind).toBe('commands')
        break
      default:
        throw new Error(`a tutorial has no block of kind ${block.kind}`)
    }
  })
})
