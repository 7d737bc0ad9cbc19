import { readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { fields, type FieldSpec } from '../../src/compiler/elaborate/records/fields.ts'
import { ops } from '../../src/compiler/ops/registry.ts'
import { archcRoot } from '../../src/root.ts'
import { archc } from '../cli/run-archc.ts'
import { missingLines, readPage, saidOf, stepsOf, withTexts } from './blocks.ts'

/**
 * Every block of every page is held against the compiler, but docs/errors, which errors.test.ts reads, and the tutorial, whose
 * commands are run. `UPDATE=1 npx vitest run test/docs/guide.test.ts` writes what archc says anew: read the diff.
 */
const docs = (readdirSync(path.join(archcRoot, 'docs'), { recursive: true }) as string[])
  .filter((file) => file.endsWith('.md') && !file.startsWith('errors') && file !== 'tutorial.md')
  .map((file) => path.join('docs', file))
const pages = ['README.md', 'editors/vscode/README.md', ...docs.sort()]

const helps = new Map<string, Promise<string>>()
const helpOf = (command: string): Promise<string> => {
  if (!helps.has(command)) helps.set(command, archc([...command.split(' '), '--help']).then(({ stdout }) => stdout)) // prettier-ignore
  return helps.get(command)!
}
const { scripts } = JSON.parse(readPage('package.json')) as { readonly scripts: Readonly<Record<string, string>> }

describe.each(pages)('%s', (page) => {
  const steps = stepsOf(readPage(page))

  test('examples are right, and of the others archc says what stands below', () => {
    for (const { block, files, next } of steps) {
      if (block.kind === 'file' || block.kind === 'into') {
        if (!(next?.kind === 'said' && next.file === block.file)) expect([block.file, saidOf(files)]).toEqual([block.file, ''])
      } else if (block.kind === 'mistake') expect(next?.kind).toBe('said')
    }
  })

  test('messages are what archc says', () => {
    for (const [at, { block, files }] of steps.entries()) {
      if (block.kind !== 'said') continue
      const said = saidOf(files, [block.file])
      if (process.env['UPDATE']) writeFileSync(path.join(archcRoot, page), withTexts(readPage(page), new Map([[at, said]])))
      else expect(block.text).toBe(said)
      expect(said).toMatch(/^(error|warning)\[/)
    }
  })

  test('excerpts stand in their files', () => {
    for (const { block } of steps)
      if (block.kind === 'excerpt')
        expect(missingLines(block.text.trimEnd().split('\n'), readPage(block.file))).toEqual([])
  })

  test('commands have the names and the flags that are there', async () => {
    for (const { block } of steps) {
      if (block.kind !== 'commands') continue
      for (const [, name = ''] of block.text.matchAll(/npm run ([\w:]+)/g)) expect(Object.keys(scripts)).toContain(name)
      const lines = block.text.replace(/\\\n\s*/g, '')
      for (const [, first = '', second = '', words = ''] of lines.matchAll(/(?:^|npx )archc ([a-z]+)(?: ([a-z]+)(?= |$))?(.*)/gm)) {
        const own = await helpOf(first)
        // `experiment run`, but not `explain bad-number`.
        const isGroup = new RegExp(`^  ${second}( |\\[|$)`, 'm').test(/^Commands:\n([^]*)/m.exec(own)?.[1] ?? '')
        const command = isGroup && second ? `${first} ${second}` : first
        const help = command === first ? own : await helpOf(command)
        expect(help).toContain(`Usage: archc ${command}`)
        for (const [flag] of words.matchAll(/(?<=\s)--?[a-z][a-z-]*/g)) expect(help).toMatch(new RegExp(`(^|[ ,])${flag}[ ,]`, 'm'))
      }
    }
  })

  test('what commands print is not shown where they are not run', () => {
    expect(steps.filter(({ block }) => block.kind === 'printed' || block.kind === 'about')).toEqual([])
  })
})

test('the guide names every op', () => {
  const table = /## Ops\n([\s\S]*?)\nStatic functions/.exec(readPage('docs/language.md'))![1]!
  const named = new Set(table.match(/[a-z]\w*/g))
  expect([...ops.keys()].filter((name) => !named.has(name))).toEqual([])
})

test('the guide has every field of train and evaluate, as the compiler knows it', () => {
  const row = (name: string, { takes, about, standard, otherwise }: FieldSpec): string =>
    `| ${name} | ${takes} | ${about} | ${standard === undefined ? otherwise : `\`${standard}\``} |`
  const rows = [
    ...Object.entries(fields.train).map(([name, field]) => row(`\`${name}\``, field)),
    ...Object.entries(fields.evaluate).map(([name, field]) => row(`evaluate \`${name}\``, field)),
    row('slot `every`', fields.objective['every']!),
  ]
  expect(readPage('docs/language.md')).toContain(`| field | type | says | without it |\n|---|---|---|---|\n${rows.join('\n')}\n\n`)
})
