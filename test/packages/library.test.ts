import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import sharp from 'sharp'
import ts from 'typescript'
import { beforeAll, describe, expect, it } from 'vitest'
import * as library from '../../src/library.ts'
import { startNode } from '../cli/run-archc.ts'
import { blocksOf, readPage } from '../docs/blocks.ts'
import { root, temporaryFolder, testField } from '../runtime/network/small.ts'

/** archc as other programs import it: packed, unpacked where they look for packages, typed and called. */
const folder = temporaryFolder()
const installed = path.join(folder, 'node_modules', 'archc')

/** The programs of the pages. */
const programs = { readme: 'README.md', page: 'docs/library.md' }

const careful = `
import { createRequire } from 'node:module'
import * as archc from 'archc'

const { check, compile, openNetwork, textHost, upscale, UserError } = archc
const { cache } = createRequire(import.meta.url)
const isLoaded = (name: RegExp): boolean => Object.keys(cache).some((file) => name.test(file))

const wrong = check(['a.arch'], textHost({ 'a.arch': 'import MLP from "archc/lib/mpl.arch"\\n' }))
const right = check(['b.arch'], textHost({ 'b.arch': 'import MLP from "archc/lib/mlp.arch"\\n' }))
const { model } = compile('c.arch', textHost({ 'c.arch': 'variant "mine" of ISTE from "archc/iste.arch"\\nreplace lfi with (x) => x\\n' }), { preset: 'tiny' })
const before = isLoaded(/@tensorflow|sharp/)
const failures: (string | undefined)[] = []
const failed = (error: unknown): void => void failures.push(error instanceof UserError ? error.message : String(error))
await openNetwork('runs/none').catch(failed)
const network = await openNetwork('node_modules/archc/models/bicubic.arch', { engine: 'cpu' })
await upscale(network, { input: 'field.png', output: 'large.png', scale: 0.5 }).catch(failed)
await upscale(network, { input: 'field.png', output: 'large.tiff', scale: 2 }).catch(failed)
await upscale(network, { input: 'field.png', output: './field.png', scale: 2 }).catch(failed)
await upscale({ ...network }, { input: 'field.png', output: 'large.png', scale: 2 }).catch(failed)
console.log(JSON.stringify({
  names: Object.keys(archc), wrong: wrong.diagnostics.map(({ code }) => code), right: right.diagnostics.map(({ code }) => code),
  model: model?.variants, before, after: isLoaded(/@tensorflow/), failures,
}))
`
const others = `
import * as tf from '@tensorflow/tfjs'
import { registerLayers } from 'archc/layers'
import * as plugin from 'archc/prettier'
import type { Plugin } from 'prettier'

registerLayers(tf)
export const plugins: Plugin[] = [plugin]
`

const options: ts.CompilerOptions = {
  strict: true,
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  typeRoots: [path.join(root, 'node_modules', '@types')],
  types: ['node'],
}

/** Compiles NAMES for Node. Gives what is wrong with them or with archc's types, and all files that took part. */
function compiled(...names: string[]): { readonly problems: readonly string[]; readonly files: readonly string[] } {
  const program = ts.createProgram(
    names.map((name) => path.join(folder, name)),
    options,
  )
  const files = program.getSourceFiles()
  const checked = files.filter(({ fileName }) => fileName.startsWith(folder) && !/archc\/node_modules/.test(fileName))
  const diagnostics = [
    ...program.getOptionsDiagnostics(),
    ...checked.flatMap((source) => [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)]),
  ]
  for (const name of names) program.emit(program.getSourceFile(path.join(folder, name)))
  return {
    problems: diagnostics.map(
      ({ file: source, messageText }) => `${source?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`,
    ),
    files: files.map(({ fileName }) => fileName),
  }
}

beforeAll(async () => {
  mkdirSync(installed, { recursive: true })
  execFileSync(process.execPath, [path.join(root, 'packages', 'types.js')])
  const words = ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder]
  const tarball = execFileSync('npm', words, { cwd: root, encoding: 'utf8' }).trim()
  execFileSync('tar', ['-xzf', path.join(folder, tarball), '-C', installed, '--strip-components', '1'])
  symlinkSync(path.join(root, 'node_modules'), path.join(installed, 'node_modules'))
  for (const name of ['@tensorflow', 'prettier'])
    symlinkSync(path.join(root, 'node_modules', name), path.join(folder, 'node_modules', name))
  writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }')
  for (const [name, page] of Object.entries(programs))
    for (const { text } of blocksOf(readPage(page)).filter(({ kind }) => kind === 'program'))
      writeFileSync(path.join(folder, `${name}.ts`), text)
  writeFileSync(path.join(folder, 'careful.ts'), careful)
  writeFileSync(path.join(folder, 'others.ts'), others)
  writeFileSync(path.join(folder, 'mine.arch'), 'variant "mine" of ISTE from "archc/iste.arch"\nreplace lfi with (x) => x\n')
  await sharp(testField).extract({ left: 0, top: 0, width: 32, height: 24 }).png().toFile(path.join(folder, 'field.png'))
})

describe('archc in a program', () => {
  it('has types, and none of an engine where nothing is asked of layers', () => {
    const { problems, files } = compiled('readme.ts', 'page.ts', 'careful.ts')
    expect(problems).toEqual([])
    expect(files.filter((file) => file.includes('tensorflow'))).toEqual([])
    expect(compiled('others.ts').problems).toEqual([])
  })

  it('runs as the README says', async () => {
    const { code, stdout, stderr } = await startNode(['readme.js'], { cwd: folder }).outcome
    expect(code, stderr).toBe(0)
    expect(stdout).toMatch(/^0 errors, \d+ weights\n106 x 79 pixels in large\.png\n$/)
    expect(await sharp(path.join(folder, 'large.png')).metadata()).toMatchObject({ width: 106, height: 79 })
  })

  it('loads no engine where it only checks; what a user did wrong is a UserError', async () => {
    const { code, stdout, stderr } = await startNode(['careful.js'], { cwd: folder }).outcome
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(JSON.parse(stdout)).toEqual({
      names: Object.keys(library).sort(),
      wrong: ['import-missing'],
      right: ['unused-import'],
      model: ['mine'],
      before: false,
      after: true,
      failures: [
        'runs/none: there is no such file or folder',
        'a scale is a number from 1 to 64, not 0.5',
        'large.tiff is no .png',
        './field.png is the picture to enlarge: it is not written over',
        'TypeError: upscale takes a network that openNetwork gave',
      ],
    })
  })
})
