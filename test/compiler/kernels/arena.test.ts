import { describe, expect, it } from 'vitest'
import { Arena } from '../../../src/compiler/kernels/passes/arena.ts'

const mib = 2 ** 20

describe('the arena', () => {
  it('counts what was written, not what was asked of the system', () => {
    const arena = new Arena()
    arena.allocate(3 * mib)
    expect(arena.residentBytes).toBe(3 * mib)
  })

  it('gives the same place again, joined with its free neighbours', () => {
    const arena = new Arena()
    const frees = [arena.allocate(mib), arena.allocate(mib), arena.allocate(2 * mib)]
    const before = arena.residentBytes
    frees.forEach((free) => free())
    arena.allocate(2 * mib)()
    arena.allocate(2 * mib)
    expect(arena.residentBytes).toBe(before)
  })

  it('takes the smallest free place that is large enough', () => {
    const arena = new Arena()
    const hold = (size: number) => [arena.allocate(size), arena.allocate(mib)] as const
    const [large] = hold(8 * mib)
    const [little] = hold(4 * mib)
    large()
    little()
    arena.allocate(4 * mib)
    const before = arena.residentBytes
    arena.allocate(8 * mib)
    expect(arena.residentBytes).toBe(before)
  })

  it('holds more than is alive where free places are too small', () => {
    const arena = new Arena()
    const frees = Array.from({ length: 8 }, () => [arena.allocate(mib), arena.allocate(mib)] as const)
    frees.forEach(([first]) => first())
    const before = arena.residentBytes
    arena.allocate(8 * mib)
    expect(arena.residentBytes).toBe(before + 8 * mib)
  })

  it('leaves small tensors to malloc', () => {
    const arena = new Arena()
    arena.allocate(1000)()
    arena.allocate(1000)
    expect(arena.residentBytes).toBe(1000)
  })
})
