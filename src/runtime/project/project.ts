import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { proposeAblations, proposeOwn, type ProposedVariant } from '../../compiler/ablations.ts'
import { nearest } from '../../compiler/diagnostics/suggest.ts'
import { compile, presetNames } from '../../compiler/index.ts'
import { parameterCount } from '../../compiler/ir/graph.ts'
import { UserError } from '../../errors.ts'
import { archcRoot } from '../../root.ts'
import { archcVersion } from '../../version.ts'
import { fileHost, ownNames, placeOf } from '../host.ts'

/** The texts of a new project by their names. */
export type ProjectFiles = ReadonlyMap<string, string>

/** A small network to begin with. */
export const networkProject = (): ProjectFiles => new Map([...templates('init', {}), ...templates('shared', {})])

/**
 * A project around one of archc's own networks: its ablations and a variant to change.
 * @throws UserError where there is no such network, or nothing in it to vary.
 */
export function ablationProject(network: string): ProjectFiles {
  const file = ownModel(network)
  const model = modelIn(file)!
  const mine = proposeOwn(file, fileHost)
  if (!mine)
    throw new UserError(
      `nothing in ${model} can be taken out or set: it has no slot that may be replaced, and no number of its own`,
      'name a network that has some, such as iste, liif, lte or edsr',
    )
  const written = writtenAblations(file)
  const ablations = written.length > 0 ? written : proposeAblations(file, fileHost)
  const texts = new Map([
    ...ablations.map(({ name, text }) => [`ablations/${name}.arch`, text] as const),
    ['mine.arch', mine.text],
  ])
  const host = { ...fileHost, read: (name: string) => (texts.has(name) ? { text: texts.get(name)! } : fileHost.read(name)) }
  const row = (name: string, shown: string, about: string): string => {
    const compiled = compile(name, host).model
    if (!compiled) throw new Error(`${name} of the new project does not compile`)
    return `| ${shown} | ${parameterCount(compiled.graph).toLocaleString('en')} | ${about} |`
  }
  const rows = [
    row(file, path.basename(file), 'the network, which archc carries'),
    ...[...texts].map(([name, text]) => row(name, `[${name}](${name})`, /^\/\/\/ (.*)$/m.exec(text)?.[1] ?? '')),
  ]
  const presets = presetNames(file, fileHost)
  const preset = ['small', 'tiny'].find((each) => presets.includes(each))
  const values = { model, rows: rows.join('\n'), file: path.basename(file), preset: preset ? ` --preset ${preset}` : '' }
  return new Map([...texts, ...templates('ablation', values), ...templates('shared', values)])
}

/** The texts of a folder of templates with `{{names}}` filled in; npm leaves out hidden files of some names, so they have no dot. */
function templates(folder: string, values: Readonly<Record<string, string>>): (readonly [string, string])[] {
  const all: Readonly<Record<string, string>> = { version: archcVersion(), ...values }
  const home = path.join(archcRoot, 'templates', folder)
  return readdirSync(home, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .map((file) => {
      const text = readFileSync(file, 'utf8').replace(/\{\{(\w+)\}\}/g, (_, name: string) => all[name]!)
      return [path.relative(home, file).replace(/^(?=gitignore|github)/, '.'), text] as const
    })
}

const modelIn = (file: string): string | undefined => /^model (\w+)/m.exec(readFileSync(placeOf(file), 'utf8'))?.[1]

function ownModel(network: string): string {
  const file = `archc/${network.replace(/^archc\//, '').replace(/\.arch$/, '')}.arch`
  if (ownNames().includes(file) && modelIn(file)) return file
  const names = ownNames().filter(modelIn).map((each) => path.basename(each, '.arch')) // prettier-ignore
  const near = nearest(network, names)
  throw new UserError(
    `archc has no network of its own that is called ${network}${near.length > 0 ? `; did you mean ${near.join(' or ')}?` : ''}`,
    `it has ${names.join(', ')}`,
  )
}

/** The ablations that archc carries of a model, as they are written in another folder. */
function writtenAblations(file: string): ProposedVariant[] {
  return ownNames()
    .filter((name) => /ablations\/[^/]*$/.test(name))
    .map((name) => ({
      name: path.basename(name, '.arch'),
      text: readFileSync(placeOf(name), 'utf8').replace(/(?<= from ")[^"]+/g, (from) => fileHost.resolve(name, from)),
    }))
    .filter(({ text }) => text.includes(`from "${file}"`))
}
