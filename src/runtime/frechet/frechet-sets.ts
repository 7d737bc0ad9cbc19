import { crop, type Picture } from '../data/picture.ts'
import type { FrechetSets, Rivals } from '../evaluate/sets.ts'
import { definition as frechetDefinition, frechet } from '../metrics/frechet.ts'
import { batchOf, type FeatureExtractor } from './extractor.ts'

/** Patches that are looked at at once: more hold more memory and are no faster. */
const most = 8

/** How pictures become samples. */
export interface FrechetOptions {
  readonly extractor: FeatureExtractor
  /** Side of the patches that tiles are cut in; `tile` takes tiles whole, as pytorch-fid does with a folder of them. */
  readonly patch: number | 'tile'
}

/** Patches of `side` that do not overlap, from the upper left corner; what is smaller is one patch. */
export function patchesOf(picture: Picture, side: number | 'tile'): Picture[] {
  if (side === 'tile') return [picture]
  const width = Math.min(side, picture.width)
  const height = Math.min(side, picture.height)
  const starts = (length: number, step: number): number[] => Array.from({ length: Math.floor(length / step) }, (_, i) => i * step)
  return starts(picture.height, height).flatMap((y) =>
    starts(picture.width, width).map((x) => crop(picture, x, y, width, height)),
  )
}

/** Makes empty sets; only features are kept, 4 bytes each. */
export function createFrechetSets({ extractor, patch }: FrechetOptions): FrechetSets {
  const { dims } = extractor
  const sets = new Map<number, Record<keyof Rivals, Float32Array[]>>()
  const truths = new Map<string, Float32Array[]>()
  const look = (picture: Picture): Float32Array[] => {
    const patches = patchesOf(picture, patch)
    const batches = Array.from({ length: Math.ceil(patches.length / most) }, (_, i) => patches.slice(i * most, (i + 1) * most))
    return batches.map((batch) => extractor.features(batchOf(batch)))
  }
  return {
    add(m, tile, { truth, model, bicubic }) {
      const set = sets.get(m) ?? { truth: [], model: [], bicubic: [] }
      sets.set(m, set)
      const key = `${truth.width} x ${truth.height} of ${tile}`
      const known = truths.get(key) ?? look(truth)
      truths.set(key, known)
      set.truth.push(...known)
      set.model.push(...look(model))
      set.bicubic.push(...look(bicubic))
    },
    result(m) {
      const set = sets.get(m) ?? { truth: [], model: [], bicubic: [] }
      const [truth, model, bicubic] = [joined(set.truth), joined(set.model), joined(set.bicubic)]
      const samples = truth.length / dims
      const counted = { name: extractor.name, samples, features: dims }
      if (samples < 2) return { ...counted, remark: `${samples} sample${samples === 1 ? '' : 's'}: at least two are needed` }
      const distance = frechet(model, truth, dims)
      return {
        ...counted,
        model: Math.max(0, distance.distance),
        bicubic: Math.max(0, frechet(bicubic, truth, dims).distance),
        ...(distance.reason !== undefined && { remark: distance.reason }),
      }
    },
    definition: `${extractor.name}: ${extractor.definition}; ${samplesText(patch)}; ${frechetDefinition}; the fewer samples, the larger it comes out`,
  }
}

const samplesText = (patch: number | 'tile'): string =>
  patch === 'tile'
    ? 'each tile is a sample, 8 bits'
    : `tiles of all pictures cut in patches of ${patch} x ${patch} that do not overlap, 8 bits; smaller tiles whole`

function joined(pieces: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(pieces.reduce((sum, piece) => sum + piece.length, 0))
  let at = 0
  for (const piece of pieces) {
    all.set(piece, at)
    at += piece.length
  }
  return all
}
