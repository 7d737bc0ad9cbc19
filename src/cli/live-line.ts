import path from 'node:path'
import { Worker } from 'node:worker_threads'
import { archcRoot } from '../root.ts'
import { terminalLine } from '../terminal-line.ts'
import { remark } from './common.ts'
import { lineWith, silence, type Beat } from './heartbeat.ts'

export interface LineOptions {
  /** Seconds that are left, where they are known. */
  readonly left?: number
  /** Shown whatever was shown a moment ago. */
  readonly force?: boolean
}

export interface LiveLine {
  show(text: string, options?: LineOptions): void
  /** A remark below it. */
  say(text: string): void
  end(): void
}

/** A line of a terminal is not drawn anew before (ms). */
const redrawAfter = 100

/**
 * One line that is drawn again in its place on a terminal; elsewhere a line every ten seconds, and those that are forced. While this
 * thread computes, another one keeps the line alive: nobody sits before silence.
 */
export function liveLine(): LiveLine {
  const isTerminal = process.stderr.isTTY
  const drawn = terminalLine(process.stderr)
  let last = isTerminal ? 0 : Date.now()
  let posted = 0
  let heart: Worker | undefined
  const beat = (message: Beat | undefined): void => {
    heart ??= new Worker(path.join(archcRoot, 'bin', 'heartbeat.js'))
    heart.unref()
    heart.postMessage(message)
    posted = Date.now()
  }
  return {
    show(text, { left, force = false } = {}) {
      const now = Date.now()
      const isShown = force || now - last >= (isTerminal ? redrawAfter : silence)
      if (isShown || now - posted >= redrawAfter)
        beat({ text, isShown, ...(left !== undefined && { left }), ...(isTerminal && { columns: process.stderr.columns }) })
      if (!isShown) return
      // The other thread's line may have been longer.
      if (isTerminal) drawn.draw(`${lineWith(text, left)}${' '.repeat(12)}`)
      else remark(lineWith(text, left))
      last = now
    },
    say(text) {
      drawn.leave()
      remark(text)
    },
    end() {
      if (heart) beat(undefined)
      drawn.leave()
    },
  }
}
