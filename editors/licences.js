import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

/** The licences of the packages that bundled files come from: those that esbuild's metafile names. */
export function licences(files) {
  const folders = new Set(files.flatMap((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path.resolve(file))?.[0] ?? []))
  return [...folders].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'))
    const texts = readdirSync(folder).filter((file) => /^licen[cs]e/i.test(file))
    return [`${name} ${version}, ${license}`, ...texts.map((file) => readFileSync(path.join(folder, file), 'utf8'))].join('\n\n')
  }).join('\n\n---\n\n') // prettier-ignore
}
