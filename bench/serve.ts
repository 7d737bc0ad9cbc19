import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { UserError } from '../src/errors.ts'
import { archcRoot } from '../src/root.ts'
import { createRandom, type Random } from '../src/runtime/files/random.ts'

/** What became of random requests. */
export interface ServedRequests {
  readonly count: number
  readonly seconds: number
  /** How many were answered by each status. */
  readonly statuses: Readonly<Record<string, number>>
  /** Bytes that the server held after each tenth of them. */
  readonly held: readonly number[]
}

const slide = 'CMU-1-Small-Region.svs'
const folder = path.join(archcRoot, 'samples', 'slides')
const words = [slide, 'full', 'max', '^max', '0', 'default.jpg', '..', '%00', '%2e%2e%2f', 'iiif', '3', 'view', 'deepzoom', '-1', '99999999999', '^1,1', 'info.json', '%3Cscript%3E', '%ff', 'a'.repeat(900)] // prettier-ignore
/** Requests that are on their way at once. */
const atOnce = 8

/** Tiles, images, views and nonsense, as many as are asked for, at a server of the carried slide. */
export async function measureServe(count: number): Promise<ServedRequests> {
  const server = spawn(process.execPath, [path.join(archcRoot, 'bin', 'archc.js'), 'serve', folder], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  try {
    const address = await new Promise<string>((resolve, reject) => {
      createInterface({ input: server.stdout }).once('line', resolve)
      server.once('exit', () => reject(new UserError('archc serve ended')))
    })
    const random = createRandom(7)
    const statuses: Record<string, number> = {}
    const held: number[] = []
    const start = performance.now()
    let sent = 0
    const worker = async (): Promise<void> => {
      while (sent < count) {
        sent += 1
        if (sent % Math.ceil(count / 10) === 0) held.push(heldBy(server.pid!))
        const response = await fetch(`${address}${asked(random)}`)
        await response.arrayBuffer()
        statuses[response.status] = (statuses[response.status] ?? 0) + 1
      }
    }
    await Promise.all(Array.from({ length: atOnce }, worker))
    if (server.exitCode !== null) throw new UserError(`archc serve ended with ${server.exitCode}`)
    return { count, seconds: (performance.now() - start) / 1000, statuses, held }
  } finally {
    server.kill()
  }
}

function asked(random: Random): string {
  switch (random.int(4)) {
    case 0:
      return `deepzoom/${slide}_files/${random.int(13)}/${random.int(10)}_${random.int(13)}.jpg`
    case 1: {
      const [x, y, side] = [random.int(2300), random.int(3000), 1 + random.int(200)]
      return `iiif/3/${slide}/${x},${y},${side},${side}/${random.int(2) === 0 ? '^' : ''}${1 + random.int(250)},/0/default.${random.pick(['jpg', 'png'])}`
    }
    case 2: {
      const zoom = random.uniform(0.8, 12)
      const [left, top] = [random.int(Math.ceil(2300 * zoom)), random.int(Math.ceil(3000 * zoom))]
      return `view/${slide}?network=${random.pick(['live', 'bicubic', 'none'])}&zoom=${zoom}&left=${left}&top=${top}&right=${left + 1 + random.int(200)}&bottom=${top + 1 + random.int(200)}`
    }
    default:
      return Array.from({ length: 1 + random.int(7) }, () => random.pick(words)).join('/')
  }
}

function heldBy(pid: number): number {
  const [, kilobytes] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return 1024 * Number(kilobytes)
}
