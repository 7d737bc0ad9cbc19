import { spawn, type ChildProcess } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  createMessageConnection,
  StreamMessageReader,
  StreamMessageWriter,
  type MessageConnection,
} from 'vscode-languageserver/node'
import { archcRoot } from '../../src/root.ts'
import { temporaryFolder } from '../runtime/network/small.ts'
import { files } from './project.ts'

/** The server as an editor meets it: a process, messages in, messages out. */

interface Told {
  readonly uri: string
  readonly diagnostics: readonly {
    readonly code: string
    readonly message: string
    readonly range: { readonly start: { readonly line: number; readonly character: number } }
    readonly relatedInformation: readonly unknown[]
  }[]
}

const folder = temporaryFolder()
const uri = (name: string): string => pathToFileURL(path.join(folder, name)).href
let child: ChildProcess
let connection: MessageConnection
const told: Told[] = []
let version = 1

/** What the server says next of a file. */
async function saidOf(name: string, run: () => Promise<void> | void): Promise<Told['diagnostics']> {
  const from = told.length
  await run()
  for (let turn = 0; turn < 200; turn += 1) {
    const found = told.slice(from).find((each) => each.uri === uri(name))
    if (found) return found.diagnostics
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`nothing was said of ${name}`)
}
const change = (name: string, text: string): Promise<void> =>
  connection.sendNotification('textDocument/didChange', { textDocument: { uri: uri(name), version: (version += 1) }, contentChanges: [{ text }] }) // prettier-ignore
/** The place behind the first `before`. */
const position = (name: keyof typeof files, before: string) => {
  const lines = files[name].slice(0, files[name].indexOf(before) + before.length).split('\n')
  return { textDocument: { uri: uri(name) }, position: { line: lines.length - 1, character: lines.at(-1)!.length } }
}

beforeAll(async () => {
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text)
  child = spawn(process.execPath, [path.join(archcRoot, 'bin', 'archc.js'), 'lsp', '--stdio'])
  connection = createMessageConnection(new StreamMessageReader(child.stdout!), new StreamMessageWriter(child.stdin!))
  connection.onNotification('textDocument/publishDiagnostics', (params: Told) => void told.push(params))
  connection.onRequest('workspace/inlayHint/refresh', () => null)
  connection.listen()
  await connection.sendRequest('initialize', {
    processId: process.pid,
    rootUri: pathToFileURL(folder).href,
    workspaceFolders: [{ uri: pathToFileURL(folder).href, name: 'project' }],
    capabilities: {},
  })
  await connection.sendNotification('initialized', {})
  const languageId = 'arch'
  for (const [name, text] of Object.entries(files))
    await saidOf(name, () =>
      connection.sendNotification('textDocument/didOpen', { textDocument: { uri: uri(name), languageId, version, text } }),
    )
})

afterAll(async () => {
  await connection.sendRequest('shutdown')
  await connection.sendNotification('exit')
  connection.dispose()
})

describe('archc lsp', () => {
  test('says what is wrong as it is typed, where, and that it is right again', async () => {
    const wrong = files['small.arch'].replace('-> conv(out: width', '-> con(out: width')
    const said = await saidOf('small.arch', () => change('small.arch', wrong))
    expect(said).toMatchObject([{ code: 'unknown-op', range: { start: { line: 9, character: 16 } } }])
    const actions = await connection.sendRequest('textDocument/codeAction', {
      textDocument: { uri: uri('small.arch') },
      range: said[0]!.range,
      context: { diagnostics: [] },
    })
    expect(actions).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          kind: 'quickfix',
          edit: { changes: { [uri('small.arch')]: [{ newText: 'conv', range: said[0]!.range }] } },
        }),
      ]),
    )
    expect(await saidOf('small.arch', () => change('small.arch', files['small.arch']))).toEqual([])
  })
  test('a mistake in a library is said of the files that are built with it, with the place inside', async () => {
    const said = await saidOf('small.arch', () => change('lib.arch', files['lib.arch'].replace('kernel: kernel) ->', 'kernel: kernel, pad: 0) ->'))) // prettier-ignore
    expect(said[0]!.relatedInformation.length).toBeGreaterThan(0)
    expect(await saidOf('small.arch', () => change('lib.arch', files['lib.arch']))).toEqual([])
  })
  test('a text that does not parse has its place, and the rest of it is still known', async () => {
    const said = await saidOf('small.arch', () =>
      change('small.arch', files['small.arch'].replace('let deep = f', 'let deep = = f')),
    )
    expect(said[0]).toMatchObject({ code: 'unexpected-token', range: { start: { line: 10 } } })
    const hover = await connection.sendRequest('textDocument/hover', position('small.arch', 'let f'))
    expect(hover).toMatchObject({ contents: { value: 'gives `[B, h, w, 8]`' } })
    expect(await saidOf('small.arch', () => change('small.arch', files['small.arch']))).toEqual([])
  })

  test.each<[string, string, object, unknown]>([
    ['hover', 'textDocument/hover', position('small.arch', 'let f'), { contents: { kind: 'markdown', value: 'gives `[B, h, w, 8]`' } }],
    ['definition', 'textDocument/definition', position('small.arch', '{ Resid'), { uri: uri('lib.arch'), range: { start: { line: 1, character: 7 } } }],
    ['signature help', 'textDocument/signatureHelp', position('small.arch', 'conv(out: width, kernel: '), { activeParameter: 2, signatures: [{ documentation: 'Convolution over the two picture axes.' }] }],
    ['where a rename begins', 'textDocument/prepareRename', position('small.arch', 'let de'), { placeholder: 'deep' }],
  ])('%s', async (_, method, asked, expected) => {
    expect(await connection.sendRequest(method, asked)).toMatchObject(expected as object)
  }) // prettier-ignore
  test('archc’s own networks open where archc has them, and stay as they are', async () => {
    const text = 'variant "mine" of ISTE from "archc/iste.arch"\nreplace lfi with (x) => x\n'
    const textDocument = { uri: uri('mine.arch') }
    const open = { textDocument: { ...textDocument, languageId: 'arch', version, text } }
    expect(await saidOf('mine.arch', () => connection.sendNotification('textDocument/didOpen', open))).toEqual([])
    const own = pathToFileURL(path.join(archcRoot, 'models', 'iste.arch')).href
    const line = readFileSync(path.join(archcRoot, 'models', 'iste.arch'), 'utf8').split('\n').findIndex((each) => each.startsWith('model ISTE')) // prettier-ignore
    for (const [character, start] of [[20, { line, character: 6 }], [35, { line: 0, character: 0 }]] as const) {
      const asked = { textDocument, position: { line: 0, character } }
      expect(await connection.sendRequest('textDocument/definition', asked)).toMatchObject({ uri: own, range: { start } })
    } // prettier-ignore
    const model = { textDocument, position: { line: 0, character: 20 } }
    expect(await connection.sendRequest('textDocument/prepareRename', model)).toBeNull()
    const said = await saidOf('mine.arch', () => change('mine.arch', text.replace('iste.arch', 'istte.arch')))
    expect(said).toMatchObject([
      { message: 'cannot read archc/istte.arch: there is no such file; did you mean archc/iste.arch?' },
    ])
    const actions = await connection.sendRequest<{ edit: { changes: Record<string, { newText: string }[]> } }[]>(
      'textDocument/codeAction',
      { textDocument, range: said[0]!.range, context: { diagnostics: [] } },
    )
    expect(actions.map(({ edit }) => edit.changes[textDocument.uri]![0]!.newText)).toEqual(['"archc/iste.arch"'])
    await saidOf('mine.arch', () => connection.sendNotification('textDocument/didClose', { textDocument }))
  })
  test('references and rename across files', async () => {
    const places = await connection.sendRequest<{ uri: string }[]>('textDocument/references', {
      ...position('small.arch', 'slot bo'),
      context: {},
    })
    expect(places.map((each) => path.basename(each.uri))).toEqual(['small.arch', 'small.arch', 'small.arch', 'pointwise.arch'])
    const edit = await connection.sendRequest<{ changes: Record<string, unknown[]> }>('textDocument/rename', {
      ...position('small.arch', 'slot bo'),
      newName: 'trunk',
    })
    expect(Object.entries(edit.changes).map(([name, edits]) => [path.basename(name), edits.length])).toEqual([['small.arch', 3], ['pointwise.arch', 1]]) // prettier-ignore
    await expect(
      connection.sendRequest('textDocument/rename', { ...position('small.arch', 'let de'), newName: 'f' }),
    ).rejects.toThrow('f is a let already')
  })
  test('completion replaces what was typed', async () => {
    const items = await connection.sendRequest<{ label: string; textEdit: { newText: string } }[]>(
      'textDocument/completion',
      position('small.arch', 'conv(out: width, ker'),
    )
    expect(items.find(({ label }) => label === 'kernel') ?? items[0]).toMatchObject({ label: 'kernel' })
  })
  test('hints, symbols, folds, colours', async () => {
    const document = { textDocument: { uri: uri('lib.arch') } }
    const range = { start: { line: 0, character: 0 }, end: { line: 10, character: 0 } }
    expect(await connection.sendRequest('textDocument/inlayHint', { ...document, range })).toMatchObject([
      { label: ': [B, H, W, 8]', position: { line: 4, character: 11 } }, { label: '[B, H, W, 8]' }, { label: '[B, H, W, 8]' },
    ]) // prettier-ignore
    expect(await connection.sendRequest('textDocument/documentSymbol', document)).toMatchObject([{ name: 'Residual', children: [{ name: 'x' }, { name: 'inner' }] }]) // prettier-ignore
    expect(await connection.sendRequest('textDocument/foldingRange', document)).toEqual([{ startLine: 1, endLine: 6 }])
    const { data } = await connection.sendRequest<{ data: number[] }>('textDocument/semanticTokens/full', document)
    expect(data.length % 5).toBe(0)
    expect(data.slice(0, 10)).toEqual([0, 0, 45, 10, 0, 1, 0, 6, 0, 0])
  })
  test('formatting', async () => {
    const ragged = files['lib.arch'].replaceAll('  ', '      ')
    await saidOf('lib.arch', () => change('lib.arch', ragged))
    const edits = await connection.sendRequest<{ newText: string }[]>('textDocument/formatting', {
      textDocument: { uri: uri('lib.arch') },
      options: {},
    })
    expect(edits[0]!.newText).toBe(files['lib.arch'])
    await saidOf('lib.arch', () => change('lib.arch', files['lib.arch']))
  })
  test('a file that changed on disk is read again', async () => {
    await connection.sendNotification('textDocument/didClose', { textDocument: { uri: uri('lib.arch') } })
    const saved = readFileSync(path.join(folder, 'lib.arch'), 'utf8')
    const said = await saidOf('small.arch', () => {
      writeFileSync(
        path.join(folder, 'lib.arch'),
        saved.replace('kernel: int', 'size: int').replaceAll('kernel: kernel', 'kernel: size'),
      )
      return connection.sendNotification('workspace/didChangeWatchedFiles', { changes: [{ uri: uri('lib.arch'), type: 2 }] })
    })
    expect(said.map(({ code }) => code)).toContain('unknown-path')
  })
})
