import { Ajv } from 'ajv'
import addFormats from 'ajv-formats'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import type { Log } from 'sarif'
import { describe, expect, test } from 'vitest'
import { renderGithub } from '../../../src/compiler/diagnostics/render-github.ts'
import { renderJson } from '../../../src/compiler/diagnostics/render-json.ts'
import { renderSarif } from '../../../src/compiler/diagnostics/render-sarif.ts'
import { check } from '../../../src/compiler/index.ts'
import { memoryHost } from '../memory-host.ts'

const root = path.join(import.meta.dirname, '..', '..', '..')
const wrong = {
  'models/base.arch': `model Small() {
  scale m in 1 .. 4
  input lr: [B, h, w, 3] as image
  output sr: [B, h, w, 3] as image
  slot body: [B, h, w, 3] -> [B, h, w, 3] = (x) => x
  return lr -> body
}
`,
  'models/50%,1.arch': `variant "half: a" of Small from "base.arch"
replace boddy with (x) => x
`,
}
const said = (files: Readonly<Record<string, string>>) => {
  const { diagnostics, sources } = check(Object.keys(files), memoryHost(files))
  return { diagnostics, read: (file: string): string | undefined => sources.get(file) }
}

/** Everything that the corpus makes archc say. */
function corpus() {
  const folder = path.join(root, 'test', 'corpus')
  const cases = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  return cases.map(({ name }) => {
    const names = readdirSync(path.join(folder, name), { recursive: true, encoding: 'utf8' })
    const arch = names.filter((file) => file.endsWith('.arch'))
    return said(Object.fromEntries(arch.map((file) => [file, readFileSync(path.join(folder, name, file), 'utf8')])))
  })
}

describe('workflow commands of GitHub', () => {
  test('annotate the line, with everything escaped that they give a meaning to', () => {
    const { diagnostics, read } = said(wrong)
    expect(renderGithub(diagnostics, read)).toBe(
      '::error file=models/50%25%2C1.arch,line=2,col=9,endLine=2,endColumn=14,title=unknown-path::' +
        'Small has no slot boddy (did you mean body?)%0A= slots of Small: body\n',
    )
  })

  test('are one line each, whatever is said', () => {
    for (const { diagnostics, read } of corpus())
      expect(renderGithub(diagnostics, read).split('\n').filter(Boolean)).toHaveLength(diagnostics.length)
  })
})

const sentenceOf = (code: string): string => `What ${code} is.`

describe('SARIF', () => {
  const { diagnostics, read } = said(wrong)
  const log = JSON.parse(renderSarif(diagnostics, read, '1.2.3', sentenceOf)) as Log
  const [run] = log.runs

  test('names the tool, the rule and the place', () => {
    expect(log.version).toBe('2.1.0')
    expect(run!.tool.driver).toEqual({
      name: 'archc',
      version: '1.2.3',
      rules: [
        {
          id: 'unknown-path',
          shortDescription: { text: 'What unknown-path is.' },
          helpUri: 'https://unpkg.com/archc@1.2.3/docs/errors/unknown-path.md',
          defaultConfiguration: { level: 'error' },
        },
      ],
    })
    expect(run!.results![0]).toMatchObject({
      ruleId: 'unknown-path',
      ruleIndex: 0,
      level: 'error',
      locations: [
        {
          physicalLocation: {
            artifactLocation: { uri: 'models/50%25%2C1.arch' },
            region: { startLine: 2, startColumn: 9, endLine: 2, endColumn: 14 },
          },
        },
      ],
    })
  })

  test('holds fixes as replacements', () => {
    expect(run!.results![0]!.fixes![0]!.artifactChanges[0]!.replacements).toEqual([
      { deletedRegion: { startLine: 2, startColumn: 9, endLine: 2, endColumn: 14 }, insertedContent: { text: 'body' } },
    ])
  })

  test('of the whole corpus refers only to its own rules and to places that exist', () => {
    for (const each of corpus()) {
      const [{ tool, results = [] }] = (JSON.parse(renderSarif(each.diagnostics, each.read, '1', sentenceOf)) as Log).runs as [
        Log['runs'][0],
      ]
      for (const { ruleId, ruleIndex, locations } of results) {
        expect(tool.driver.rules![ruleIndex!]!.id).toBe(ruleId)
        const { region } = locations![0]!.physicalLocation!
        if (region?.startLine !== undefined) {
          expect(region.endLine).toBeGreaterThanOrEqual(region.startLine)
          expect(region.startColumn).toBeGreaterThanOrEqual(1)
        }
      }
    }
  })
})

test('SARIF is as its schema says', () => {
  // The schema of OASIS, as the schema store has it.
  const store = path.dirname(createRequire(import.meta.url).resolve('schemastore/package.json'))
  const schema = JSON.parse(readFileSync(path.join(store, 'schemas', 'json', 'sarif-2.1.0.json'), 'utf8')) as object
  const ajv = new Ajv({ strict: false, unicodeRegExp: false })
  addFormats.default(ajv)
  const validate = ajv.compile(schema)
  for (const { diagnostics, read } of [said(wrong), ...corpus()])
    expect([validate(JSON.parse(renderSarif(diagnostics, read, '1.2.3', sentenceOf))), validate.errors]).toEqual([true, null])
  expect(validate({ version: '2.1.0', runs: [{ tool: { driver: {} }, results: [] }] })).toBe(false)
})

test('JSON lines are as the published schema says', () => {
  const schema = JSON.parse(readFileSync(path.join(root, 'docs', 'diagnostics.schema.json'), 'utf8')) as object
  const validate = new Ajv().compile(schema)
  let lines = 0
  for (const { diagnostics, read } of corpus())
    for (const line of renderJson(diagnostics, read).split('\n').filter(Boolean)) {
      lines += 1
      expect([validate(JSON.parse(line)), validate.errors, line]).toEqual([true, null, line])
    }
  expect(lines).toBeGreaterThan(100)
})
