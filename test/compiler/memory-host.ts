import path from 'node:path'
import type { CompilerHost } from '../../src/compiler/names/host.ts'

/** A host whose files are texts by name. */
export const memoryHost = (files: Readonly<Record<string, string>>): CompilerHost => ({
  read: (file) => (Object.hasOwn(files, file) ? { text: files[file]! } : { problem: 'no such file' }),
  resolve: (from, to) => (path.posix.isAbsolute(to) ? to : path.posix.join(path.posix.dirname(from), to)),
})
