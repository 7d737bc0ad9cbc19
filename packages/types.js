/**
 * Writes the types of archc's entry points: `node packages/types.js [FOLDER]`, into `types` without FOLDER. They are the declarations of the
 * sources that the `types` of package.json name, and of those that these import; what only computes is left out.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import ts from 'typescript'

const root = path.dirname(import.meta.dirname)
const out = path.resolve(process.argv[2] ?? path.join(root, 'types'))
const { exports: entries } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))

/** `./types/src/library.d.ts` is made from `src/library.ts`. */
const sources = Object.values(entries).map(({ types }) =>
  path.join(root, path.relative('types', types).replace(/\.d\.ts$/, '.ts')),
)
const { config } = ts.readConfigFile(path.join(root, 'tsconfig.json'), ts.sys.readFile)
const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files: sources }, ts.sys, root, {
  noEmit: false,
  declaration: true,
  emitDeclarationOnly: true,
  rootDir: root,
  outDir: out,
})
const program = ts.createProgram(sources, options)

/** The declarations of one source. */
function declarations(source) {
  let text
  const { diagnostics } = program.emit(program.getSourceFile(source), (_file, written) => (text = written), undefined, true)
  if (text === undefined || diagnostics.length > 0)
    throw new Error(
      ts.formatDiagnostics(diagnostics, { ...ts.sys, getCanonicalFileName: (name) => name, getNewLine: () => '\n' }),
    )
  return text
}

rmSync(out, { recursive: true, force: true })
const reached = new Set(sources)
for (const source of reached) {
  const text = declarations(source)
  for (const { fileName } of ts.preProcessFile(text).importedFiles)
    if (fileName.startsWith('.')) reached.add(path.join(path.dirname(source), fileName))
  const file = path.join(out, path.relative(root, source).replace(/\.ts$/, '.d.ts'))
  mkdirSync(path.dirname(file), { recursive: true })
  // A program finds x.d.ts by x.js.
  writeFileSync(file, text.replace(/((?:from |import\()['"]\.[^'"]*)\.ts(?=['"])/g, '$1.js'))
}
