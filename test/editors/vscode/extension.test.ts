import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { createExtension, type Client, type Editor, type Server } from '../../../editors/vscode/create-extension.ts'
import { findArchc, type Places } from '../../../editors/vscode/find-archc.ts'
import { temporaryFolder } from '../../runtime/network/small.ts'

describe('which archc is started', () => {
  const missing = 'archc was not found, so there are colours only. Install it in the workspace (npm i archc), or say where it is in archc.path.'
  const wrong = 'archc.path is tools/archc, and there is no such file. Correct it, or leave it empty.'

  test.each<readonly [what: string, places: Partial<Places>, files: readonly string[], found: string]>([
    ['the one that is set', { setting: '/opt/archc' }, ['/opt/archc', '/one/node_modules/.bin/archc'], '/opt/archc'],
    ['a relative one, from the first folder', { setting: 'tools/archc' }, ['/one/tools/archc'], '/one/tools/archc'],
    ['none but the one that is set', { setting: 'tools/archc' }, ['/one/node_modules/.bin/archc', '/usr/bin/archc'], wrong],
    ["the workspace's own", {}, ['/one/node_modules/.bin/archc', '/usr/bin/archc'], '/one/node_modules/.bin/archc'],
    ['that of another folder', {}, ['/two/node_modules/.bin/archc', '/usr/bin/archc'], '/two/node_modules/.bin/archc'],
    ['the one on PATH', {}, ['/usr/bin/archc'], '/usr/bin/archc'],
    ['the first on PATH', {}, ['/usr/bin/archc', '/usr/local/bin/archc'], '/usr/local/bin/archc'],
    ['without a folder', { folders: [] }, ['/usr/bin/archc'], '/usr/bin/archc'],
    ['no relative entry of PATH', { searchPath: 'bin::/usr/bin' }, ['bin/archc', 'archc'], missing],
    ['none', {}, [], missing],
  ])('%s', (_, places, files, expected) => {
    const found = findArchc({
      setting: '',
      folders: ['/one', '/two'],
      searchPath: '/usr/local/bin:/usr/bin',
      isFile: (file) => files.includes(file),
      ...places,
    })
    expect(found.kind === 'found' ? found.command : found.message).toBe(expected)
  })
}) // prettier-ignore

const folder = temporaryFolder()
const own = path.join(folder, 'node_modules', '.bin', 'archc')
mkdirSync(path.dirname(own), { recursive: true })
writeFileSync(own, '#!/bin/sh\n')
chmodSync(own, 0o755)

/** A VS Code that writes down what happens to it. */
function editor({ setting = '', isTrusted = true, presses = '', fails = false, dies = false } = {}) {
  const events: string[] = []
  const commands = new Map<string, () => unknown>()
  let changed: (event: { affectsConfiguration(section: string): boolean }) => unknown = () => undefined
  let granted: () => unknown = () => undefined
  const disposable = { dispose: () => undefined }
  const state = { setting, isTrusted }
  const vscode: Editor = {
    workspace: {
      get isTrusted() {
        return state.isTrusted
      },
      workspaceFolders: [{ uri: { fsPath: folder } }],
      getConfiguration: () => ({ get: () => state.setting }),
      onDidChangeConfiguration: (listener) => ((changed = listener), disposable),
      onDidGrantWorkspaceTrust: (listener) => ((granted = listener), disposable),
    },
    window: {
      showWarningMessage: (message) => (events.push(`warning: ${message}`), Promise.resolve(presses)),
      showErrorMessage: (message) => (events.push(`error: ${message}`), Promise.resolve(undefined)),
    },
    commands: {
      registerCommand: (name, run) => (commands.set(name, run), disposable),
      executeCommand: (...words) => (events.push(words.join(' ')), Promise.resolve(undefined)),
    },
  }
  const createClient = ({ command, args }: Server): Client => ({
    start: () => (
      events.push(`start ${[command, ...args].join(' ')}`),
      fails ? Promise.reject(new Error('no')) : Promise.resolve()
    ),
    stop: () => (events.push('stop'), dies ? Promise.reject(new Error('not running')) : Promise.resolve()),
  })
  return {
    extension: createExtension(vscode, createClient),
    events,
    state,
    restart: () => commands.get('archc.restart')!(),
    change: (section: string) => changed({ affectsConfiguration: (asked) => asked === section }),
    grant: () => granted(),
  }
}

describe('the extension', () => {
  const started = `start ${own} lsp --stdio`
  const context = { subscriptions: [] }

  test('starts the language server, again where that is asked for, and stops it', async () => {
    const { extension, events, restart, change } = editor()
    await extension.activate(context)
    await Promise.all([restart(), change('archc.path'), change('editor.fontSize')])
    await extension.deactivate()
    expect(events).toEqual([started, 'stop', started, 'stop', started, 'stop'])
  })

  test('says where none is found, and opens the setting', async () => {
    const { extension, events, state, change } = editor({ setting: 'no/archc', presses: 'Open the setting' })
    await extension.activate(context)
    expect(events).toEqual([
      'warning: archc.path is no/archc, and there is no such file. Correct it, or leave it empty.',
      'workbench.action.openSettings archc.path',
    ])
    state.setting = ''
    await change('archc.path')
    expect(events.at(-1)).toBe(started)
  })

  test('runs nothing of a folder that is not trusted', async () => {
    const { extension, events, state, grant } = editor({ isTrusted: false })
    await extension.activate(context)
    expect(events).not.toContain(started)
    state.isTrusted = true
    await grant()
    expect(events.at(-1)).toBe(started)
  })

  test('starts anew where the server has died', async () => {
    const { extension, events, restart } = editor({ dies: true })
    await extension.activate(context)
    await restart()
    await extension.deactivate()
    expect(events).toEqual([started, 'stop', started, 'stop'])
  })

  test('says where the server does not start, and can be asked again', async () => {
    const { extension, events, restart } = editor({ fails: true })
    await extension.activate(context)
    await restart()
    const failed = `error: ${own} did not start: no. The output "archc" may say more.`
    expect(events).toEqual([started, failed, started, failed])
  })
})
