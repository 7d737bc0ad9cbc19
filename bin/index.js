// `import { check, compile, openNetwork, upscale } from 'archc'`: src/library.ts.
import { built } from './build.js'

const library = await import(await built('index'))
export const { check, compile, fileHost, openNetwork, renderPretty, textHost, upscale, UserError } = library
