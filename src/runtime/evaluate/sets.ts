import type { Picture } from '../data/picture.ts'

/** The distance of the network's and of Bicubic's pictures from the true ones. */
export interface FrechetResult {
  /** What the number is called: FID only by pytorch-fid's definition. */
  readonly name: string
  /** Patches on each side; fewer than two have no distance. */
  readonly samples: number
  readonly features: number
  readonly model?: number
  readonly bicubic?: number
  /** Why the numbers cannot be relied on. */
  readonly remark?: string
}

/** One tile as the truth and two systems have it, all of one size. */
export interface Rivals {
  readonly truth: Picture
  readonly model: Picture
  readonly bicubic: Picture
}

/** Collects the features of tiles, scale by scale. */
export interface FrechetSets {
  /** `tile` names the true tile: one that comes at several scales is looked at once. */
  add(m: number, tile: string, pictures: Rivals): void
  result(m: number): FrechetResult
  readonly definition: string
}
