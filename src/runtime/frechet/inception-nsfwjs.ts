import { createRequire } from 'node:module'
import path from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { bringNsfwjs, version } from './bring-nsfwjs.ts'
import type { FeatureExtractor } from './extractor.ts'

const side = 299
const layer = 'average_pooling2d_10'

/**
 * The Inception-v3 that npm's `nsfwjs` carries, trained for other pictures than ImageNet's and stored in 8 bits: a stand-in where
 * pytorch-fid's weights are not at hand.
 * @throws UserError where the package cannot be brought.
 */
export async function openNsfwjs(say: (line: string) => void): Promise<FeatureExtractor> {
  const folder = await bringNsfwjs(say)
  const whole = await tf.loadLayersModel(storedIn(path.join(folder, 'dist', 'models', 'inception_v3')))
  const cut = tf.model({ inputs: whole.inputs, outputs: whole.getLayer(layer).output })
  const dims = cut.outputs[0]!.shape.at(-1)!
  return {
    name: 'Frechet distance (nsfwjs Inception-v3)',
    definition: `the Inception-v3 of npm's nsfwjs ${version} (not the one of FID: numbers of the two cannot be compared), ${side} x ${side} by bilinear interpolation without antialiasing, 0 to 1, ${dims} features of the last pooling layer`,
    dims,
    features({ values, count, width, height }) {
      const made = tf.tidy(() => {
        const given = tf.tensor4d(values, [count, height, width, 3])
        const seen = height === side && width === side ? given : tf.image.resizeBilinear(given, [side, side], false, true)
        return cut.predict(seen, { batchSize: count }) as tf.Tensor
      })
      const features = made.dataSync() as Float32Array
      made.dispose()
      return features
    },
    dispose: () => void whole.dispose(),
  }
}

interface StoredModel {
  readonly modelTopology: object
  readonly weightsManifest: readonly { readonly paths: readonly string[]; readonly weights: tf.io.WeightsManifestEntry[] }[]
}

/** The files are modules that hold data: topology, and weights as base64. */
function storedIn(folder: string): tf.io.IOHandler {
  const require = createRequire(path.join(folder, 'model.min.js'))
  const read = (name: string): unknown => require(path.join(folder, `${name}.min.js`)) as unknown
  return {
    load() {
      const { modelTopology, weightsManifest } = read('model') as StoredModel
      const pieces = weightsManifest.flatMap(({ paths }) => paths).map((name) => Buffer.from(read(name) as string, 'base64'))
      const bytes = Uint8Array.from(Buffer.concat(pieces))
      return Promise.resolve({
        modelTopology,
        weightSpecs: weightsManifest.flatMap(({ weights }) => weights),
        weightData: bytes.buffer,
      })
    },
  }
}
