import type { FeatureExtractor } from './extractor.ts'
import { openInceptionFid } from './inception-fid.ts'
import { hasNsfwjs, openNsfwjs } from './inception-nsfwjs.ts'

/** Whether there is something to take features from without installing anything. */
export const hasExtractor = (fidWeights: string | undefined): boolean => fidWeights !== undefined || hasNsfwjs()

/** pytorch-fid's Inception with the user's weights: the distance is FID. Without them the stand-in, under its own name. */
export const openExtractor = (fidWeights: string | undefined): Promise<FeatureExtractor> =>
  fidWeights === undefined ? openNsfwjs() : openInceptionFid(fidWeights)
