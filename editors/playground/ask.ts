import type { Services, Texts } from './services.ts'
import type { Answer, Question } from './worker.ts'

/** Asks the compiler, which runs beside the page. */
export type Ask = <Name extends keyof Services>(
  name: Name,
  ...given: Parameters<Services[Name]>
) => Promise<Awaited<ReturnType<Services[Name]>>>

/** Starts the compiler in a worker: from its text, since a page that was opened as a file may load no other file. */
export function startCompiler(program: string, shipped: Texts): Ask {
  const worker = new Worker(URL.createObjectURL(new Blob([program], { type: 'text/javascript' })))
  const waiting = new Map<number, Waiting>()
  let last = 0
  worker.addEventListener('message', ({ data }: MessageEvent<Answer>) => {
    const asked = waiting.get(data.id)
    waiting.delete(data.id)
    if ('problem' in data) asked?.reject(new Error(data.problem))
    else asked?.resolve(data.value)
  })
  worker.postMessage(shipped)
  return (name, ...given) =>
    new Promise((resolve, reject) => {
      const id = (last += 1)
      waiting.set(id, { resolve: resolve as (value: unknown) => void, reject })
      worker.postMessage({ id, name, arguments: given } satisfies Question)
    })
}

interface Waiting {
  resolve(value: unknown): void
  reject(problem: Error): void
}
