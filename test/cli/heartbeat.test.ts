import { EventEmitter } from 'node:events'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { keepAlive, type Beat } from '../../src/cli/heartbeat.ts'

let written: string[]
let say: (beat: Beat | undefined) => void

beforeEach(() => {
  vi.useFakeTimers()
  written = []
  const port = new EventEmitter()
  say = (beat) => void port.emit('message', beat)
  keepAlive(port as never, (columns, text) => written.push(`${columns ?? 'no terminal'}: ${text}`))
})
afterEach(() => vi.useRealTimers())

describe('while the thread that computes says nothing', () => {
  it('its line comes again every ten seconds, with the time as it has become', () => {
    say({ text: '12 %', isShown: true, left: 100 })
    vi.advanceTimersByTime(9_000)
    expect(written).toEqual([])
    vi.advanceTimersByTime(12_000)
    expect(written).toEqual(['no terminal: 12 %  about 1 min 30 s left', 'no terminal: 12 %  about 1 min 30 s left'])
  })

  it('where no time is known it is said how long that has been', () => {
    say({ text: 'computing', isShown: true })
    vi.advanceTimersByTime(31_000)
    expect(written).toEqual([10, 20, 30].map((seconds) => `no terminal: computing, ${seconds} s so far`))
  })

  it('a terminal is drawn anew every second', () => {
    say({ text: '12 %', isShown: true, left: 9, columns: 80 })
    vi.advanceTimersByTime(3_100)
    expect(written).toEqual(Array.from({ length: 3 }, () => '80: 12 %  some seconds left'))
  })

  it('what came and was not shown is shown when its turn is', () => {
    say({ text: '1 %', isShown: true, left: 300 })
    for (let second = 1; second <= 9; second += 1) {
      vi.advanceTimersByTime(1_000)
      say({ text: `${second + 1} %`, isShown: false, left: 300 - second })
    }
    vi.advanceTimersByTime(1_500)
    expect(written).toEqual(['no terminal: 10 %  about 5 min left'])
  })
})

it('is silent before the first line, and after the last', () => {
  vi.advanceTimersByTime(30_000)
  say({ text: '12 %', isShown: true })
  say(undefined)
  vi.advanceTimersByTime(30_000)
  expect(written).toEqual([])
})
