/**
 * Makes the playground, one page that opens from a file: `node editors/playground/build.js [FILE]`,
 * runs/playground.html without FILE. The networks of models/ that it shows are read here.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { build } from 'esbuild'
import { licences } from '../licences.js'

const here = import.meta.dirname
const root = path.dirname(path.dirname(here))
const out = path.resolve(process.argv[2] ?? path.join(root, 'runs', 'playground.html'))
const ablations = readdirSync(path.join(root, 'models', 'ablations')).sort()
const files = [
  'models/iste.arch',
  'models/lib/swinir.arch',
  'models/lib/mlp.arch',
  ...ablations.map((name) => `models/ablations/${name}`),
  'models/variants/iste-on-bicubic.arch',
]
const texts = Object.fromEntries(files.map((file) => [file, readFileSync(path.join(root, file), 'utf8')]))

/** A program or its styles in one text, and the files that it came from. */
async function bundled(file) {
  const { outputFiles, metafile } = await build({
    entryPoints: [path.join(here, file)],
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    platform: 'browser',
    target: 'es2022',
    format: 'iife',
    charset: 'utf8',
    logLevel: 'warning',
  })
  return { text: outputFiles[0].text, files: Object.keys(metafile.inputs) }
}
/** A value as it may stand in a page: no `<` can end the script around it. */
const inert = (value) => JSON.stringify(value).replaceAll('<', '\\u003c')

const [styles, page, compiler] = await Promise.all(['page.css', 'page.ts', 'worker.ts'].map(bundled))
const parts = {
  STYLES: styles.text,
  TEXTS: inert(texts),
  COMPILER: inert(compiler.text),
  PAGE: page.text,
  LICENCES: licences([...page.files, ...compiler.files]),
}
const html = readFileSync(path.join(here, 'page.html'), 'utf8').replace(/\/\*([A-Z]+)\*\//g, (_, name) => parts[name])
mkdirSync(path.dirname(out), { recursive: true })
writeFileSync(out, html)
console.log(out)
