import type { FeatureExtractor } from './extractor.ts'
import { openInceptionFid } from './inception-fid.ts'
import { openNsfwjs } from './inception-nsfwjs.ts'

/** pytorch-fid's Inception with the user's weights: the distance is FID. Without them the stand-in, under its own name. */
export const openExtractor = (fidWeights: string | undefined, say: (line: string) => void): Promise<FeatureExtractor> =>
  fidWeights === undefined ? openNsfwjs(say) : openInceptionFid(fidWeights)
