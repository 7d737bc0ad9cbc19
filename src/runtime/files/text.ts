import { isUtf8 } from 'node:buffer'
import { readFileSync, statSync } from 'node:fs'
import { UserError } from '../../errors.ts'
import { fileError } from './file-error.ts'
import { readRegularSync } from './regular.ts'

/** A text as people save it: its characters, and how the file had them. */
export interface FileText {
  /** Without a byte order mark. */
  readonly text: string
  readonly hasMark: boolean
}

/** The text of a file, or what its encoding is instead of UTF-8. */
export function textOf(bytes: Buffer): FileText | { readonly problem: string } {
  const isWide = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff) || bytes.includes(0)
  if (isWide) return { problem: 'it is no text in UTF-8 (UTF-16, as some editors of Windows save it?); save it as UTF-8' }
  if (!isUtf8(bytes)) return { problem: 'it is not UTF-8 (Latin-1?); save it as UTF-8' }
  const text = bytes.toString('utf8')
  const hasMark = text.startsWith('\uFEFF')
  return { text: hasMark ? text.slice(1) : text, hasMark }
}

/** No text that archc reads comes near it, and a string of JavaScript cannot hold more. */
const longest = 2 ** 29 - 2 ** 20

/** The descriptor that a shell hands over under a name, `<(..)` or /dev/stdin: somebody writes into such a pipe, so it may be waited for. */
function handedOver(file: string): number | undefined {
  const [, name, descriptor] = /^\/(?:dev\/(stdin)|(?:dev|proc\/self)\/fd\/(\d+))$/.exec(file) ?? []
  if (file === '-' || name !== undefined) return 0
  return descriptor === undefined ? undefined : Number(descriptor)
}

/** The bytes of a text that a user names; `-` is standard input. @throws the system's error, also for a device, a folder or a pipe. */
export function textBytes(file: string): Buffer {
  const descriptor = handedOver(file)
  if (descriptor !== undefined) return readFileSync(descriptor)
  const { size } = statSync(file)
  if (size > longest) throw Object.assign(new Error(file), { code: 'ERR_FS_FILE_TOO_LARGE' })
  return readRegularSync(file)
}

/**
 * The text of a file that a user names: CSV, YAML, JSON, Markdown.
 * @throws UserError naming the file: it cannot be read, is no file, or is not UTF-8.
 */
export function readText(file: string): string {
  try {
    const found = textOf(textBytes(file))
    if ('text' in found) return found.text
    throw new UserError(`cannot read ${file}: ${found.problem}`)
  } catch (error) {
    throw fileError(error, 'read', file)
  }
}
