import { isUtf8 } from 'node:buffer'

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
