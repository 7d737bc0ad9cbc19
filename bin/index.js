// `import { compile } from 'archc'`: the pure compiler.
import { built } from './build.js'

export const { compile } = await import(await built('index'))
