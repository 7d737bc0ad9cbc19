import { fileError } from '../files/file-error.ts'
import { openSlide } from './open-slide.ts'
import type { Slide } from './slide.ts'

/** Milliseconds that a slide stays open after it was last read. */
const lingering = 1000
/** More slides are not open while nobody reads them. */
const mostIdle = 8

/** Does something with an open slide. */
export type WithSlide = <T>(file: string, work: (slide: Slide) => Promise<T>) => Promise<T>

interface Open {
  readonly slide: Promise<Slide>
  users: number
  timer?: NodeJS.Timeout
}

/** Opens slides for readers of parts in any order, several at a time: a slide stays open while it is read, and a moment after. */
export function heldOpen(say?: (line: string) => void): WithSlide {
  const open = new Map<string, Open>()
  const close = (file: string, held: Open): void => {
    clearTimeout(held.timer)
    if (open.get(file) === held) open.delete(file)
    held.slide.then(
      (slide) => slide.close(),
      () => undefined,
    )
  }
  const begin = (file: string): Open => {
    const slide = openSlide(file, say).catch((error: unknown) => {
      open.delete(file)
      throw fileError(error, 'read', file)
    })
    const held = { slide, users: 0 }
    open.set(file, held)
    return held
  }
  return async (file, work) => {
    const held = open.get(file) ?? begin(file)
    clearTimeout(held.timer)
    held.users += 1
    try {
      return await work(await held.slide)
    } finally {
      held.users -= 1
      if (held.users === 0 && open.get(file) === held) {
        held.timer = setTimeout(close, lingering, file, held)
        // Those that were opened first go first.
        const idle = [...open].filter(([, { users }]) => users === 0)
        idle.slice(0, Math.max(0, idle.length - mostIdle)).forEach(([name, each]) => close(name, each))
      }
    }
  }
}
