import { takenAs, type Compression } from '../runtime/data/compression.ts'
import { expectationText, seenText, toldText } from '../runtime/upscale/expectation.ts'
import type { CarriedWeights } from '../runtime/weights/carried.ts'

/** `774 MB`, `1.2 GB`. */
export const memory = (bytes: number): string => (bytes < 1e9 ? `${Math.ceil(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`)

/** How a picture was compressed, what the network is told of it, and what is to be expected; undefined where nothing is to be said. */
export function compressionLine(
  { compression, strength }: { readonly compression?: Compression; readonly strength?: number },
  weights: CarriedWeights | undefined,
  asked: number | 'none' | undefined,
  factor: number,
): string | undefined {
  const seen = strength === undefined ? seenText(compression) : toldText(compression, strength, asked)
  if (weights !== undefined || (compression !== undefined && strength === undefined))
    return `${seen}; ${expectationText(takenAs(compression, asked), weights, factor)}`
  return strength === undefined ? undefined : seen
}
