import { terminalLine } from '../../terminal-line.ts'

/** How far a long step is. `total` is missing where nobody says it; both in bytes. */
export interface Progress {
  readonly step: string
  readonly done: number
  readonly total?: number
}

/** What the steps of an install share: where they say what they do, how far they are, and whether to stop. */
export interface Steps {
  readonly say: (line: string) => void
  readonly progress: (progress: Progress) => void
  readonly signal: AbortSignal
}

/** `274 MB`, in powers of ten as download sizes are given. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 10e6 ? 1 : 0)} MB`
}

/** One line for one moment: `downloading TensorFlow: 137 of 274 MB, 50 %`. */
function progressLine({ step, done, total }: Progress): string {
  if (!total) return `${step}: ${megabytes(done)}`
  const share = Math.min(100, Math.floor((100 * done) / total))
  return `${step}: ${megabytes(done)} of ${megabytes(total)}, ${share} %`
}

/** Lines no nearer together than this (ms) where they cannot overwrite each other. */
const lineEvery = 5_000
/** As often (ms) is the line of a terminal drawn anew. */
const redrawEvery = 80

/**
 * A receiver of progress that shows it: on a terminal one line that is drawn again in its place, else a line through `say`
 * every five seconds. Call `end` before anything else is printed.
 */
export function showProgress(
  say: (line: string) => void,
  stream = process.stderr,
): { take(progress: Progress): void; end(): void } {
  const drawn = terminalLine(stream)
  let last = stream.isTTY ? 0 : Date.now()
  let step = ''
  return {
    take(progress) {
      const now = Date.now()
      if (stream.isTTY) {
        if (now - last < redrawEvery) return
        drawn.draw(progressLine(progress))
      } else if (progress.step !== step) step = progress.step
      else if (now - last < lineEvery) return
      else say(progressLine(progress))
      last = now
    },
    end: () => drawn.clear(),
  }
}
