import { spawn } from 'node:child_process'
import path from 'node:path'
import { expect, test } from 'vitest'
import { frames } from '../../src/editor/frames.ts'
import { archcRoot } from '../../src/root.ts'

/** What a language server is sent is a message, or is answered as an error; the next message is read whatever stood before it. */

const message = (text: string, length: number | string = Buffer.byteLength(text)): string =>
  `Content-Length: ${length}\r\n\r\n${text}`
const right = '{"jsonrpc":"2.0","id":7,"method":"ä"}'

/** What comes through, and the codes of what is answered. */
async function read(chunks: readonly string[], patience = 50): Promise<{ through: string; codes: number[] }> {
  const codes: number[] = []
  const stream = frames({
    patience,
    answer: (text) => {
      const body = JSON.parse(text.slice(text.indexOf('{'))) as { id: null; error: { code: number; message: string } }
      expect(body.id).toBeNull()
      expect(body.error.message).not.toBe('')
      codes.push(body.error.code)
    },
  })
  let through = ''
  stream.on('data', (chunk: Buffer) => (through += chunk.toString()))
  for (const chunk of chunks) stream.write(chunk)
  await new Promise((resolve) => setTimeout(resolve, 4 * patience))
  return { through, codes }
}

test.each<[what: string, chunks: readonly string[], codes: readonly number[], messages: number]>([
  ['two messages', [message(right) + message(right)], [], 2],
  ['one in pieces', [...message(right)], [], 1],
  ['with another header', [`Content-Type: x\r\n${message(right)}`], [], 1],
  ['line ends of Unix', [message(right).replaceAll('\r', '')], [], 1],
  ['no length', [`Content-Type: x\r\n\r\n${right}`, message(right)], [-32700], 1],
  ['a word for a length', [message(right, 'many') + message(right)], [-32700], 1],
  ['a negative length', [message(right, -5) + message(right)], [-32700], 1],
  ['an absurd length', [message(right, '99999999999999999999'), message(right)], [-32700], 1],
  ['a fraction', [message(right, '3.5') + message(right)], [-32700], 1],
  ['a length that is too small', [message(right, 5) + message(right)], [-32700], 1],
  ['nothing', [message('') + message(right)], [-32700], 1],
  ['a length that is too large', [message(right, 60) + message(right)], [-32700], 1],
  ['a length that is too large, and nothing behind it', [message(right, 100_000)], [-32700], 0],
  ['a header that has no end', ['Content-Length: 5'], [-32700], 0],
  ['what is no JSON', [message('{"a": }') + message(right)], [-32700], 1],
  ['what is no object', [message('5') + message('[]') + message(right)], [-32600, -32600], 1],
  ['much of anything', ['x'.repeat(20_000) + message(right)], [-32700], 1],
])('%s', async (_, chunks, codes, messages) => {
  const result = await read(chunks)
  expect(result).toEqual({ through: message(right).repeat(messages), codes })
})

test('the server goes on after it, and ends with its input', async () => {
  const child = spawn(process.execPath, [path.join(archcRoot, 'bin', 'archc.js'), 'lsp', '--stdio'])
  let said = ''
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  child.stdin.write(message('{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"capabilities":{}}}', -1))
  child.stdin.write(
    message('{"jsonrpc":"2.0","id":2,"method":"initialize","params":{"capabilities":{},"processId":null,"rootUri":null}}'),
  )
  for (let turn = 0; turn < 200 && !said.includes('"id":2'); turn += 1) await new Promise((resolve) => setTimeout(resolve, 50))
  expect(said).toContain('"code":-32700')
  expect(said).toContain('"id":2')
  child.stdin.end()
  await ended
}, 60_000)
