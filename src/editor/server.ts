import { existsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import {
  CodeActionKind,
  CompletionItemKind,
  createConnection,
  DiagnosticSeverity,
  DiagnosticTag,
  FoldingRangeKind,
  InlayHintKind,
  MarkupKind,
  ProposedFeatures,
  ResponseError,
  ErrorCodes,
  SemanticTokensBuilder,
  SymbolKind,
  TextDocuments,
  TextDocumentSyncKind,
  type Diagnostic as SentDiagnostic,
  type DocumentSymbol,
  type Location,
  type Position,
  type Range,
  type TextEdit,
  type WorkspaceEdit,
} from 'vscode-languageserver/node'
import { TextDocument } from 'vscode-languageserver-textdocument'
import type { Diagnostic, Span } from '../compiler/diagnostics/diagnostic.ts'
import { format, NotParsedError } from '../compiler/format/format.ts'
import { check } from '../compiler/index.ts'
import { UserError } from '../errors.ts'
import { archFiles, fileHost, ownNames, placeOf } from '../runtime/host.ts'
import { archcVersion } from '../version.ts'
import { colours, coloursOf } from './colours.ts'
import { completionsAt, type Completion } from './completion.ts'
import { hintsOf } from './hints.ts'
import { hoverAt } from './hover.ts'
import { definitionAt, occurrenceAt, placesOf } from './occurrences.ts'
import { frames } from './frames.ts'
import { foldsOf, outlineOf, type Outline } from './outline.ts'
import { renameAt, renamedAt } from './rename.ts'
import { signatureAt } from './signature.ts'
import { Workspace } from './workspace.ts'

/** Milliseconds without a key before a text is checked. */
const pause = 150

const completionKinds: Readonly<Record<Completion['kind'], CompletionItemKind>> = {
  module: CompletionItemKind.Class,
  model: CompletionItemKind.Class,
  op: CompletionItemKind.Function,
  slot: CompletionItemKind.Method,
  parameter: CompletionItemKind.Property,
  attribute: CompletionItemKind.Property,
  field: CompletionItemKind.Field,
  preset: CompletionItemKind.Constant,
  size: CompletionItemKind.TypeParameter,
  scale: CompletionItemKind.TypeParameter,
  input: CompletionItemKind.Variable,
  output: CompletionItemKind.Variable,
  let: CompletionItemKind.Variable,
  weight: CompletionItemKind.Variable,
  keyword: CompletionItemKind.Keyword,
  word: CompletionItemKind.EnumMember,
  file: CompletionItemKind.File,
}

const symbolKinds: Readonly<Record<Outline['kind'], SymbolKind>> = {
  module: SymbolKind.Class,
  model: SymbolKind.Class,
  variant: SymbolKind.Class,
  import: SymbolKind.Module,
  preset: SymbolKind.Object,
  train: SymbolKind.Object,
  evaluate: SymbolKind.Object,
  replace: SymbolKind.Method,
  set: SymbolKind.Property,
  input: SymbolKind.Variable,
  output: SymbolKind.Variable,
  scale: SymbolKind.Constant,
  slot: SymbolKind.Method,
  let: SymbolKind.Variable,
  weight: SymbolKind.Field,
  return: SymbolKind.Variable,
}

/** Speaks the Language Server Protocol on standard input and output until the editor ends it. */
export function serve(): void {
  const messages = process.stdin.pipe(frames({ answer: (message) => void process.stdout.write(message) }))
  const connection = createConnection(ProposedFeatures.all, messages, process.stdout)
  const documents = new TextDocuments(TextDocument)
  let folders: readonly string[] = []
  let listed: readonly string[] | undefined
  const workspace = new Workspace({
    ...fileHost,
    // An editor opens files by their paths.
    resolve(from, to) {
      const name = fileHost.resolve(from, to)
      return existsSync(placeOf(name)) ? placeOf(name) : name
    },
    own: ownNames,
    list: () =>
      (listed ??= [...new Set(folders.flatMap((folder) => archFiles(folder)))].filter((file) => file.endsWith('.arch'))),
  })
  /** Files that something was said of. */
  let told = new Set<string>()

  const nameOf = (uri: string): string => (uri.startsWith('file:') ? fileURLToPath(uri) : uri)
  const uriOf = (file: string): string => (path.isAbsolute(file) ? pathToFileURL(file).href : file)
  const documentOf = (file: string): TextDocument => {
    const open = documents.get(uriOf(file))
    const read = open ? undefined : workspace.read(file)
    return open ?? TextDocument.create(uriOf(file), 'arch', 0, read && 'text' in read ? read.text : '')
  }
  const rangeOf = (span: Span): Range => {
    const document = documentOf(span.file)
    return { start: document.positionAt(span.start), end: document.positionAt(span.end) }
  }
  const locationOf = (span: Span): Location => ({ uri: uriOf(span.file), range: rangeOf(span) })
  const offsetAt = (uri: string, position: Position): number => documentOf(nameOf(uri)).offsetAt(position)
  const edited = (edits: readonly { readonly span: Span; readonly text: string }[]): WorkspaceEdit => {
    const changes: Record<string, TextEdit[]> = {}
    for (const { span, text } of edits) (changes[uriOf(span.file)] ??= []).push({ range: rangeOf(span), newText: text })
    return { changes }
  }

  const sent = (diagnostic: Diagnostic): SentDiagnostic => {
    const { code, severity, message, primary, related, notes, help } = diagnostic
    return {
      range: rangeOf(primary.span),
      severity: severity === 'error' ? DiagnosticSeverity.Error : DiagnosticSeverity.Warning,
      code,
      source: 'archc',
      message: [message, ...notes.map((note) => `= ${note}`), ...(help ? [`help: ${help}`] : [])].join('\n'),
      ...(code.startsWith('unused-') && { tags: [DiagnosticTag.Unnecessary] }),
      relatedInformation: related.map(({ span, label }) => ({ location: locationOf(span), message: label || 'here' })),
    }
  }
  const checkOpen = (): void => {
    const found = new Map<string, Diagnostic[]>(workspace.openFiles.map((file) => [file, []]))
    const seen = new Set<string>()
    for (const file of workspace.openFiles)
      for (const diagnostic of check([file], workspace).diagnostics) {
        const { span } = diagnostic.primary
        const key = `${diagnostic.code} ${span.file} ${span.start} ${span.end}`
        if (!seen.has(key)) found.set(span.file, [...(found.get(span.file) ?? []), diagnostic])
        seen.add(key)
      }
    for (const file of told) if (!found.has(file)) found.set(file, [])
    for (const [file, diagnostics] of found)
      void connection.sendDiagnostics({ uri: uriOf(file), diagnostics: diagnostics.map(sent) })
    told = new Set([...found].filter(([, diagnostics]) => diagnostics.length > 0).map(([file]) => file))
  }
  let waiting: NodeJS.Timeout | undefined
  const later = (): void => {
    clearTimeout(waiting)
    waiting = setTimeout(() => {
      checkOpen()
      void connection.languages.inlayHint.refresh().catch(() => undefined) // an editor may not know it
    }, pause)
  }

  connection.onInitialize(({ workspaceFolders, initializationOptions }) => {
    folders = (workspaceFolders ?? []).map(({ uri }) => nameOf(uri))
    workspace.preset = String((initializationOptions as { preset?: string } | undefined)?.preset ?? '')
    return {
      serverInfo: { name: 'archc', version: archcVersion() },
      capabilities: {
        textDocumentSync: TextDocumentSyncKind.Incremental,
        hoverProvider: true,
        completionProvider: { triggerCharacters: ['.', ':', '"', '/'] },
        signatureHelpProvider: { triggerCharacters: ['(', ','] },
        definitionProvider: true,
        referencesProvider: true,
        renameProvider: { prepareProvider: true },
        documentSymbolProvider: true,
        foldingRangeProvider: true,
        documentFormattingProvider: true,
        codeActionProvider: { codeActionKinds: [CodeActionKind.QuickFix] },
        inlayHintProvider: true,
        semanticTokensProvider: { legend: { tokenTypes: [...colours], tokenModifiers: ['declaration'] }, full: true },
      },
    }
  })
  connection.onDidChangeConfiguration(({ settings }) => {
    workspace.preset = String((settings as { archc?: { preset?: string } } | undefined)?.archc?.preset ?? '')
    workspace.forget()
    later()
  })
  connection.onDidChangeWatchedFiles(() => {
    listed = undefined
    workspace.forget()
    later()
  })
  documents.onDidChangeContent(({ document }) => {
    workspace.open(nameOf(document.uri), document.getText())
    later()
  })
  documents.onDidClose(({ document }) => {
    workspace.close(nameOf(document.uri))
    void connection.sendDiagnostics({ uri: document.uri, diagnostics: [] })
  })

  connection.onHover(({ textDocument: { uri }, position }) => {
    const hover = hoverAt(workspace, nameOf(uri), offsetAt(uri, position))
    return hover && { contents: { kind: MarkupKind.Markdown, value: hover.text }, range: rangeOf(hover.span) }
  })
  connection.onCompletion(({ textDocument: { uri }, position }) =>
    completionsAt(workspace, nameOf(uri), offsetAt(uri, position)).map(({ label, kind, detail, insert, start }) => ({
      label,
      kind: completionKinds[kind],
      detail,
      textEdit: { range: { start: documentOf(nameOf(uri)).positionAt(start), end: position }, newText: insert },
    })),
  )
  connection.onSignatureHelp(({ textDocument: { uri }, position }) => {
    const found = signatureAt(workspace, nameOf(uri), offsetAt(uri, position))
    if (!found) return null
    const parameters = found.parts.map(([start, end]) => ({ label: [start, end] as [number, number] }))
    return {
      signatures: [{ label: found.label, documentation: found.documentation, parameters }],
      activeSignature: 0,
      activeParameter: found.active,
    }
  })
  connection.onDefinition(({ textDocument: { uri }, position }) => {
    const target = definitionAt(workspace, nameOf(uri), offsetAt(uri, position))
    return target ? locationOf(target) : null
  })
  connection.onReferences(({ textDocument: { uri }, position }) => {
    const target = occurrenceAt(workspace, nameOf(uri), offsetAt(uri, position))?.target
    return target ? placesOf(workspace, target).map(locationOf) : []
  })
  connection.onPrepareRename(({ textDocument: { uri }, position }) => {
    const found = renamedAt(workspace, nameOf(uri), offsetAt(uri, position))
    return found ? { range: rangeOf(found.span), placeholder: found.text } : null
  })
  connection.onRenameRequest(({ textDocument: { uri }, position, newName }) => {
    try {
      const places = renameAt(workspace, nameOf(uri), offsetAt(uri, position), newName)
      return edited(places.map((span) => ({ span, text: newName })))
    } catch (error) {
      if (!(error instanceof UserError)) throw error
      return new ResponseError(ErrorCodes.InvalidRequest, error.message)
    }
  })
  const symbol = ({ name, kind, span, nameSpan, inside }: Outline): DocumentSymbol => ({
    name: name || kind,
    kind: symbolKinds[kind],
    range: rangeOf(span),
    selectionRange: rangeOf(nameSpan),
    children: inside.map(symbol),
  })
  connection.onDocumentSymbol(({ textDocument: { uri } }) => outlineOf(workspace, nameOf(uri)).map(symbol))
  connection.onFoldingRanges(({ textDocument: { uri } }) =>
    foldsOf(workspace, nameOf(uri)).map(({ isRemark, ...span }) => {
      const { start, end } = rangeOf(span)
      return { startLine: start.line, endLine: end.line, ...(isRemark && { kind: FoldingRangeKind.Comment }) }
    }),
  )
  connection.onDocumentFormatting(({ textDocument: { uri } }) => {
    const file = nameOf(uri)
    const document = documentOf(file)
    const text = document.getText()
    try {
      return [{ range: { start: { line: 0, character: 0 }, end: document.positionAt(text.length) }, newText: format(text, file) }]
    } catch (error) {
      if (error instanceof NotParsedError) return [] // its diagnostics are there already
      throw error
    }
  })
  connection.onCodeAction(({ textDocument: { uri }, range }) => {
    const [from, to] = [offsetAt(uri, range.start), offsetAt(uri, range.end)]
    return check([nameOf(uri)], workspace)
      .diagnostics.filter(({ primary: { span } }) => span.file === nameOf(uri) && span.start <= to && from <= span.end)
      .flatMap((diagnostic) =>
        diagnostic.fixes.map(({ title, edits }) => ({
          title,
          kind: CodeActionKind.QuickFix,
          diagnostics: [sent(diagnostic)],
          edit: edited(edits),
        })),
      )
  })
  connection.languages.inlayHint.on(({ textDocument: { uri }, range }) => {
    const [from, to] = [offsetAt(uri, range.start), offsetAt(uri, range.end)]
    return hintsOf(workspace, nameOf(uri))
      .filter(({ offset }) => offset >= from && offset <= to)
      .map(({ offset, text }) => ({
        position: documentOf(nameOf(uri)).positionAt(offset),
        label: text,
        kind: InlayHintKind.Type,
        paddingLeft: !text.startsWith(':'),
      }))
  })
  connection.languages.semanticTokens.on(({ textDocument: { uri } }) => {
    const builder = new SemanticTokensBuilder()
    for (const { span, colour, isDeclaration } of coloursOf(workspace, nameOf(uri))) {
      const { start, end } = rangeOf(span)
      if (start.line === end.line)
        builder.push(start.line, start.character, end.character - start.character, colours.indexOf(colour), isDeclaration ? 1 : 0)
    }
    return builder.build()
  })

  documents.listen(connection)
  connection.listen()
}
