import { Transform, type TransformCallback } from 'node:stream'

/** A message that is longer is none: texts are some hundred kilobytes. */
const mostBytes = 64 * 1024 * 1024
/** What stands before a message is shorter. */
const mostHeaderBytes = 8 * 1024

const parseError = -32700
const invalidRequest = -32600

interface FramesOptions {
  /** Answers what belongs to no request. */
  readonly answer: (message: string) => void
  /** Milliseconds that a message which has begun may wait for its rest. */
  readonly patience?: number
}

/**
 * Lets whole JSON-RPC messages through, one a chunk with a header of its own. What is none (no length, one that is absurd, one that is
 * not that of the message) is answered as an error, and what follows is read from the next header on: the reader behind it would wait
 * for bytes that nobody sends.
 */
export function frames({ answer, patience = 10_000 }: FramesOptions): Transform {
  let waiting: Buffer = Buffer.alloc(0)
  let timer: NodeJS.Timeout | undefined
  const refuse = (code: number, message: string): void =>
    answer(framed(JSON.stringify({ jsonrpc: '2.0', id: null, error: { code, message } })))
  /** Goes on at the next header behind `from`, or with nothing. */
  const skip = (from: number): void => {
    const next = nextHeader(waiting, from)
    waiting = next < 0 ? Buffer.alloc(0) : waiting.subarray(next)
  }
  /** Takes one message, or what is none, from what waits; false where more must come first. */
  const take = (push: (message: string) => void): boolean => {
    const end = headerEnd(waiting)
    if (end === undefined) {
      if (waiting.length <= mostHeaderBytes) return false
      refuse(parseError, 'there is no header of the form Content-Length: N')
      skip(1)
      return waiting.length > 0
    }
    const header = waiting.toString('latin1', 0, end)
    const written = /^content-length:[ \t]*([^\r\n]*?)[ \t]*$/im.exec(header)?.[1]
    const length = written !== undefined && /^\d+$/.test(written) ? Number(written) : NaN
    if (!(length <= mostBytes)) {
      const problem = written === undefined ? 'a header has no Content-Length' : `Content-Length is a number of at most ${mostBytes}, not ${written.slice(0, 40)}` // prettier-ignore
      refuse(parseError, problem)
      skip(end)
      return waiting.length > 0
    }
    // A length that is too large reaches into the next message.
    const next = nextHeader(waiting.subarray(0, end + length), end)
    if (next < 0 && waiting.length < end + length) return false
    const body = waiting.toString('utf8', end, next < 0 ? end + length : next)
    const problem = next < 0 ? problemIn(body) : { code: parseError, message: `Content-Length is ${length}, and the message has ${next - end} bytes` } // prettier-ignore
    if (problem) {
      refuse(problem.code, problem.message)
      skip(problem.code === parseError ? end : end + length)
    } else {
      push(framed(body))
      waiting = waiting.subarray(end + length)
    }
    return waiting.length > 0
  }
  return new Transform({
    transform(chunk: Buffer, _, done: TransformCallback) {
      clearTimeout(timer)
      waiting = waiting.length === 0 ? chunk : Buffer.concat([waiting, chunk])
      while (take((message) => this.push(message)));
      if (waiting.length > 0)
        timer = setTimeout(() => {
          refuse(parseError, `the rest of a message did not come: ${waiting.length} bytes of it are left out`)
          waiting = Buffer.alloc(0)
        }, patience).unref()
      done()
    },
    flush(done) {
      clearTimeout(timer)
      done()
    },
  })
}

const framed = (body: string): string => `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`

/** Where a header at the beginning ends, with the empty line behind it. */
function headerEnd(bytes: Buffer): number | undefined {
  const found = /\r?\n\r?\n/.exec(bytes.toString('latin1', 0, mostHeaderBytes))
  return found ? found.index + found[0].length : undefined
}

/** Where the next header begins, at `from` or behind; -1 where there is none. No JSON has a line that begins so. */
function nextHeader(bytes: Buffer, from: number): number {
  const found = /content-length:[ \t]*\d+[ \t]*\r?\n/i.exec(bytes.toString('latin1', from))
  return found ? from + found.index : -1
}

function problemIn(body: string): { readonly code: number; readonly message: string } | undefined {
  try {
    const message: unknown = JSON.parse(body)
    const isMessage = typeof message === 'object' && message !== null && !Array.isArray(message)
    return isMessage ? undefined : { code: invalidRequest, message: 'a message is an object' }
  } catch (error) {
    return {
      code: parseError,
      message: `the message of ${Buffer.byteLength(body)} bytes is no JSON: ${(error as Error).message}`,
    }
  }
}
