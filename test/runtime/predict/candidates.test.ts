import { describe, expect, it } from 'vitest'
import type { Scope } from '../../../src/compiler/plan.ts'
import { jobs, lattice as latticeOf, scopeText } from '../../../src/runtime/predict/candidates.ts'
import { countOf, everywhere, indicesOf, type Extent } from '../../../src/runtime/predict/places.ts'

const lattice = (extent: Extent, count: number): Int32Array => indicesOf(latticeOf(extent, count), extent.width)

describe('lattice positions', () => {
  const cases: [Extent, number][] = [
    [{ height: 768, width: 768 }, 2304],
    [{ height: 100, width: 37 }, 300],
    [{ height: 1, width: 5000 }, 64],
    [{ height: 5000, width: 1 }, 64],
    [{ height: 7, width: 11 }, 76],
    [{ height: 3000, width: 4000 }, 2304],
  ]

  it.each(cases)('of %j are %i distinct ones inside of the picture', (extent, count) => {
    const found = lattice(extent, count)
    expect(new Set(found).size).toBe(found.length)
    expect(found.length).toBeLessThanOrEqual(count)
    expect(found.length).toBeGreaterThan(0.8 * Math.min(count, extent.height * extent.width * 0.2))
    for (const position of found) expect(position >= 0 && position < extent.height * extent.width).toBe(true)
  })

  it.each<[Extent, number]>([
    [{ height: 768, width: 768 }, 2304],
    [{ height: 300, width: 900 }, 1024],
  ])('are spread evenly over %j: no large part is left out, none is crowded', (extent, count) => {
    const cells = 8
    const held = new Array<number>(cells * cells).fill(0)
    for (const position of lattice(extent, count)) {
      const y = Math.floor((Math.floor(position / extent.width) / extent.height) * cells)
      const x = Math.floor(((position % extent.width) / extent.width) * cells)
      held[y * cells + x]! += 1
    }
    const fair = count / (cells * cells)
    expect(Math.min(...held)).toBeGreaterThan(0.7 * fair)
    expect(Math.max(...held)).toBeLessThan(1.3 * fair)
  })

  it('are all positions where the picture has no more', () => {
    expect([...lattice({ height: 3, width: 4 }, 12)]).toEqual([...indicesOf(everywhere({ height: 3, width: 4 }), 4)])
    expect([...lattice({ height: 3, width: 4 }, 500)]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
    expect([...lattice({ height: 1, width: 1 }, 1)]).toEqual([0])
  })

  it('are the same each time, and the first of more are those of fewer', () => {
    const extent = { height: 200, width: 300 }
    expect([...lattice(extent, 500)]).toEqual([...lattice(extent, 500)])
    expect([...lattice(extent, 500)].slice(0, 100)).toEqual([...lattice(extent, 100)])
  })
})

describe('jobs', () => {
  const extent = { height: 23, width: 31 }
  const scopes: [Scope, number[], number[]][] = [
    [{ kind: 'full' }, [0, 23], [0, 31]],
    [{ kind: 'full' }, [0, 8, 16, 23], [0, 12, 31]],
    [{ kind: 'lattice', count: 40 }, [0, 8, 16, 23], [0, 12, 31]],
    [{ kind: 'raster', count: 1 }, [0, 23], [0, 31]],
    [{ kind: 'raster', count: 50 }, [0, 23], [0, 31]],
    [{ kind: 'raster', count: 100_000 }, [0, 23], [0, 31]],
    [{ kind: 'tile', count: 64 }, [0, 23], [0, 31]],
    [{ kind: 'tile', count: 70 }, [0, 8, 23], [0, 31]],
    [{ kind: 'tile', count: 1 }, [0, 23], [0, 31]],
    [{ kind: 'tile', count: 100_000 }, [0, 23], [0, 31]],
  ]

  it.each(scopes)(
    'of scope %j with bands %j and columns %j take every pixel once, rows whole from top to bottom',
    (scope, bands, columns) => {
      const seen = new Array<number>(extent.height * extent.width).fill(0)
      let whole = 0
      for (const job of jobs(scope, extent, bands, columns)) {
        const positions = indicesOf(job.area, extent.width)
        expect(positions.length).toBeGreaterThan(0)
        expect(job.ownCandidates).toBe(scope.kind === 'raster' || scope.kind === 'tile')
        for (const position of positions) {
          seen[position]! += 1
          expect(Math.floor(position / extent.width)).toBeGreaterThanOrEqual(whole)
        }
        const last = job.area.at(-1)!
        whole = last.right === extent.width ? last.bottom : last.top
        expect(seen.slice(0, whole * extent.width).every((times) => times === 1)).toBe(true)
      }
      expect(whole).toBe(extent.height)
      expect(seen.every((times) => times === 1)).toBe(true)
    },
  )

  it('of a tile or a raster scope hold no more positions than it says', () => {
    for (const kind of ['tile', 'raster'] as const)
      for (const count of [1, 9, 50, 200])
        for (const { area } of jobs({ kind, count }, extent, [], [])) expect(countOf(area)).toBeLessThanOrEqual(count)
  })
})

it('scopes are written as the text has them', () => {
  expect(scopeText({ kind: 'full' })).toBe('full')
  expect(scopeText({ kind: 'lattice', count: 2304 })).toBe('lattice(2304)')
})
