import * as vscode from 'vscode'
import { LanguageClient } from 'vscode-languageclient/node'
import { createExtension } from './create-extension.ts'

export const { activate, deactivate } = createExtension(
  vscode,
  (server) =>
    new LanguageClient('archc', 'archc', server, {
      documentSelector: [
        { scheme: 'file', language: 'arch' },
        { scheme: 'untitled', language: 'arch' },
      ],
      synchronize: { fileEvents: vscode.workspace.createFileSystemWatcher('**/*.arch') },
    }),
)
