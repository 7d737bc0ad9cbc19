import path from 'node:path'
import type { CompileOptions, CompilerHost } from '../../compiler/index.ts'
import { resolveBy } from '../host.ts'

/** Above every source stands this and its name. */
const mark = '// ---- '

/** A name as a header has it: in quotes where it could be taken for a remark, or for several lines. */
const written = (name: string): string => (/^[^"\n]*\.arch$/.test(name) ? name : JSON.stringify(name))

/** The name in a header; undefined where the line is none, as the remark `// ---- training`. */
function nameIn(line: string): string | undefined {
  if (!line.startsWith(mark)) return undefined
  const name = line.slice(mark.length)
  if (/^[^"]*\.arch$/.test(name)) return name
  try {
    const quoted: unknown = JSON.parse(name)
    return typeof quoted === 'string' ? quoted : undefined
  } catch {
    return undefined
  }
}

/** Whether a source's line is a header but for the backslashes that mark it as none. */
const isLikeHeader = (line: string): boolean => nameIn(line.replace(/^\/\/ \\+/, '// ')) !== undefined

/**
 * The one text of `model.arch.txt`: the settings, then every source under its name. Sources stand as they are, except that
 * a line that would be read as a header gets a backslash.
 */
export function sourcesText(sources: ReadonlyMap<string, string>, options: CompileOptions): string {
  const sets = options.sets ?? []
  const given = new Set(sets.map((set) => `--set ${set}`))
  return [
    `// preset ${options.preset || '(defaults)'}`,
    ...sets.map((set) => `// set ${set.includes('\n') ? JSON.stringify(set) : set}`),
    ...[...sources].flatMap(([name, text]) =>
      given.has(name)
        ? []
        : [mark + written(name), ...text.split('\n').map((line) => (isLikeHeader(line) ? line.replace('// ', '// \\') : line))],
    ),
  ].join('\n')
}

/** The sources of such a text by name. */
export function sourcesOf(text: string): Map<string, string> {
  const files = new Map<string, string[]>()
  let lines: string[] | undefined
  for (const line of text.split('\n')) {
    // The first header may be any name: archc wrote none in quotes at first.
    const name = nameIn(line) ?? (!lines && line.startsWith(mark) ? line.slice(mark.length) : undefined)
    if (name !== undefined) files.set(name, (lines = []))
    else lines?.push(isLikeHeader(line) ? line.replace('// \\', '// ') : line)
  }
  return new Map([...files].map(([name, each]) => [name, each.join('\n')]))
}

/** A host that reads the sources back from such a text. */
export function sourcesHost(text: string): CompilerHost {
  const files = sourcesOf(text)
  const resolve = resolveBy((file) => files.has(file))
  return {
    resolve(from, to) {
      const name = resolve(from, to)
      return files.has(name) || path.isAbsolute(to) ? name : path.join(path.dirname(from), to)
    },
    read: (file) => (files.has(file) ? { text: files.get(file)! } : { problem: 'the run does not hold it' }),
  }
}
