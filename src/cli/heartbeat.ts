import { writeSync } from 'node:fs'
import type { MessagePort } from 'node:worker_threads'
import { terminalLine } from '../terminal-line.ts'
import { duration, roughly } from './durations.ts'

/** What stands in the line. */
export interface Beat {
  readonly text: string
  /** Whether it was shown, or another one a moment before. */
  readonly isShown: boolean
  /** Seconds that are left, where they are known. */
  readonly left?: number
  /** Width of the terminal, where it is one. */
  readonly columns?: number
}

/** Nobody waits longer than this (ms) for a line. */
export const silence = 10_000
/** A terminal's line is drawn anew where nothing came for so long (ms). */
const still = 1_000

export const lineWith = (text: string, left: number | undefined): string =>
  left === undefined ? text : `${text}  ${roughly(left)} left`

/**
 * The thread that keeps a line alive while the one that computes cannot: it says the line again, with the time as it has become.
 * It writes to standard error itself, since a thread's own stream waits for the main thread.
 */
export function keepAlive(
  port: Pick<MessagePort, 'on'>,
  write: (columns: number | undefined, text: string) => void = draw,
): void {
  let beat: Beat | undefined
  let came = 0
  let shown = Date.now()
  port.on('message', (message: Beat | undefined) => {
    beat = message
    came = Date.now()
    if (!message || message.isShown) shown = came
  })
  setInterval(() => {
    if (!beat) return
    const now = Date.now()
    if (now - shown < (beat.columns === undefined ? silence : still)) return
    const waited = (now - came) / 1000
    const text =
      beat.left === undefined ? `${beat.text}, ${duration(waited)} so far` : lineWith(beat.text, Math.max(0, beat.left - waited))
    write(beat.columns, text)
    shown = now
  }, still / 4)
}

function draw(columns: number | undefined, text: string): void {
  const stream = {
    columns: columns ?? 0,
    write(piece: string): boolean {
      try {
        writeSync(2, piece)
      } catch {
        // Nobody reads any more: the thread that computes will find out.
      }
      return true
    },
  }
  if (columns === undefined) stream.write(`${text}\n`)
  else terminalLine(stream).draw(text.padEnd(columns - 1))
}
