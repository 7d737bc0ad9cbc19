import { createServices, type Services, type Texts } from './services.ts'

/** A question of the page, and the answer to it. */
export interface Question {
  readonly id: number
  readonly name: keyof Services
  readonly arguments: readonly unknown[]
}
export type Answer = { readonly id: number; readonly value: unknown } | { readonly id: number; readonly problem: string }

let services: Services | undefined

/** First the texts that the page came with, then questions, which are answered in order. */
addEventListener('message', async ({ data }: MessageEvent<Texts | Question>) => {
  if (!services) {
    services = createServices(data as Texts)
    return
  }
  const { id, name, arguments: given } = data as Question
  try {
    const service = services[name] as (...given: readonly unknown[]) => unknown
    postMessage({ id, value: await service(...given) } satisfies Answer)
  } catch (error) {
    postMessage({ id, problem: error instanceof Error ? error.message : String(error) } satisfies Answer)
  }
})
