// `{ "plugins": ["archc/prettier"] }`: prettier's plugin for .arch files.
import { built } from './build.js'

export const { languages, parsers, printers, defaultOptions } = await import(await built('prettier'))
