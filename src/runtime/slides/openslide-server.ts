import { UserError } from '../../errors.ts'
import type { Picture } from '../data/picture.ts'
import type { OpenslideAnswer, OpenslideFacts, OpenslideQuestion, OpenslideRequest } from './openslide-messages.ts'
import { loadOpenslide, type Openslide, type OpenslideFile } from './openslide.ts'

/** Answers requests, several at once, until the process that asks is gone. */
export function serveOpenslide(path: string): void {
  const end = (): void => {
    // Leaving in good order would wait for a thread that OpenSlide does not come back from.
    process.kill(process.pid, 'SIGKILL')
  }
  process.on('disconnect', end)
  if (!process.connected) end()
  const send = (message: OpenslideAnswer): void => void process.send!(message)
  let library: Openslide | undefined
  const slides = new Map<number, OpenSlides>()
  const answer = async (question: OpenslideQuestion): Promise<OpenslideFacts | Picture | undefined> => {
    library ??= loadOpenslide(path)
    const { slide, file } = question
    const opened = slides.get(slide) ?? new OpenSlides(library, file)
    slides.set(slide, opened)
    if (question.kind === 'region') return opened.region(question)
    if (question.kind === 'facts') {
      // Formats of several files are told by their names too.
      const vendor = await library.vendor(file)
      return vendor === undefined ? undefined : { vendor, ...(await opened.facts()) }
    }
    slides.delete(slide)
    opened.close()
    return undefined
  }
  process.on('message', ({ id, ...question }: OpenslideRequest) => {
    answer(question).then(
      (found) => send({ id, found }),
      (error: unknown) =>
        send({
          id,
          problem: error instanceof Error ? error.message : String(error),
          ...(error instanceof UserError && error.help !== undefined && { help: error.help }),
        }),
    )
  })
}

/** A slide as it is opened, and who reads from it: it is closed when nobody does any more. */
interface Held {
  readonly opened: Promise<OpenslideFile>
  readers: number
  /** How many have begun to read from it. */
  begun: number
  isLeft: boolean
  isClosed: boolean
}

/** One slide, opened anew where something of it could not be read. */
class OpenSlides {
  readonly #library: Openslide
  readonly #file: string
  #held: Held | undefined

  constructor(library: Openslide, file: string) {
    this.#library = library
    this.#file = file
  }

  facts(): ReturnType<OpenslideFile['facts']> {
    return this.#with((opened) => opened.facts())
  }

  async region({ level, x, y, width, height }: OpenslideQuestion & { kind: 'region' }): Promise<Picture> {
    const pixels = await this.#with((opened) => opened.region(level, x, y, width, height))
    return { width, height, data: onWhite(pixels) }
  }

  close(): void {
    if (this.#held) this.#leave(this.#held)
  }

  /** An error is said to all who read at the time: whose it is shows when each reads again, from a slide of its own. */
  async #with<T>(read: (opened: OpenslideFile) => Promise<T>): Promise<T> {
    const held = (this.#held ??= this.#open())
    const [others, begun] = [held.readers, held.begun]
    try {
      return await this.#readFrom(held, read)
    } catch (error) {
      this.#leave(held)
      if (others === 0 && held.begun === begun + 1) throw error
    }
    const own = this.#open()
    try {
      return await this.#readFrom(own, read)
    } finally {
      this.#leave(own)
    }
  }

  #open(): Held {
    const opened = this.#library.open(this.#file)
    opened.catch(() => undefined)
    return { opened, readers: 0, begun: 0, isLeft: false, isClosed: false }
  }

  async #readFrom<T>(held: Held, read: (opened: OpenslideFile) => Promise<T>): Promise<T> {
    held.readers += 1
    held.begun += 1
    try {
      return await read(await held.opened)
    } finally {
      held.readers -= 1
      this.#closed(held)
    }
  }

  #leave(held: Held): void {
    if (this.#held === held) this.#held = undefined
    held.isLeft = true
    this.#closed(held)
  }

  #closed(held: Held): void {
    if (!held.isLeft || held.readers > 0 || held.isClosed) return
    held.isClosed = true
    held.opened.then((opened) => opened.close(), () => undefined) // prettier-ignore
  }
}

/** B, G, R multiplied by alpha, and alpha, as R, G, B on white. */
function onWhite(pixels: Buffer): Uint8Array {
  const data = new Uint8Array((pixels.length / 4) * 3)
  for (let from = 0, to = 0; from < pixels.length; from += 4, to += 3) {
    const white = 255 - pixels[from + 3]!
    data[to] = pixels[from + 2]! + white
    data[to + 1] = pixels[from + 1]! + white
    data[to + 2] = pixels[from]! + white
  }
  return data
}
