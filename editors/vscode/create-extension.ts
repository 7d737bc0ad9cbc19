import { statSync } from 'node:fs'
import { findArchc } from './find-archc.ts'

interface Disposable {
  dispose(): unknown
}

/** What is needed of VS Code. */
export interface Editor {
  readonly workspace: {
    readonly isTrusted: boolean
    readonly workspaceFolders: readonly { readonly uri: { readonly fsPath: string } }[] | undefined
    getConfiguration(section: string): { get(name: string, standard: string): string }
    onDidChangeConfiguration(changed: (event: { affectsConfiguration(section: string): boolean }) => unknown): Disposable
    onDidGrantWorkspaceTrust(granted: () => unknown): Disposable
  }
  readonly window: {
    showWarningMessage(message: string, ...buttons: string[]): PromiseLike<string | undefined>
    showErrorMessage(message: string): PromiseLike<unknown>
  }
  readonly commands: {
    registerCommand(name: string, run: () => unknown): Disposable
    executeCommand(name: string, ...values: readonly string[]): PromiseLike<unknown>
  }
}

/** How the language server is started; it talks over standard input and output. */
export interface Server {
  readonly command: string
  readonly args: readonly string[]
}

export interface Client {
  start(): Promise<void>
  stop(): Promise<void>
}

export interface Extension {
  activate(context: { readonly subscriptions: Disposable[] }): Promise<void>
  deactivate(): Promise<void>
}

const isFile = (file: string): boolean => statSync(file, { throwIfNoEntry: false })?.isFile() ?? false

/** Starts `archc lsp --stdio`, and starts it again where the setting changes or somebody asks for it. */
export function createExtension({ workspace, window, commands }: Editor, createClient: (server: Server) => Client): Extension {
  let client: Client | undefined
  let last = Promise.resolve()

  const stop = async (): Promise<void> => {
    const running = client
    client = undefined
    // One that has died cannot be stopped.
    await running?.stop().catch(() => undefined)
  }

  const start = async (): Promise<void> => {
    await stop()
    const found = findArchc({
      setting: workspace.getConfiguration('archc').get('path', '').trim(),
      folders: workspace.isTrusted ? (workspace.workspaceFolders ?? []).map(({ uri }) => uri.fsPath) : [],
      searchPath: process.env['PATH'] ?? '',
      isFile,
    })
    if (found.kind === 'missing') {
      const button = 'Open the setting'
      void window.showWarningMessage(found.message, button).then((pressed) => {
        if (pressed === button) return commands.executeCommand('workbench.action.openSettings', 'archc.path')
      })
      return
    }
    try {
      const created = createClient({ command: found.command, args: ['lsp', '--stdio'] })
      await created.start()
      client = created
    } catch (error) {
      void window.showErrorMessage(
        `${found.command} did not start: ${error instanceof Error ? error.message : String(error)}. The output "archc" may say more.`,
      )
    }
  }

  /** One after the other, however quickly they are asked for. */
  const restart = (): Promise<void> => (last = last.then(start))

  return {
    activate({ subscriptions }) {
      subscriptions.push(
        commands.registerCommand('archc.restart', restart),
        workspace.onDidChangeConfiguration((event) => event.affectsConfiguration('archc.path') && restart()),
        workspace.onDidGrantWorkspaceTrust(restart),
      )
      return restart()
    },
    deactivate: () => (last = last.then(stop)),
  }
}
