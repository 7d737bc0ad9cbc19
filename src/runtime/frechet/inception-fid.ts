import path from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { archcRoot } from '../../root.ts'
import { activeEngine } from '../engine/index.ts'
import { loadModel } from '../network/load-model.ts'
import { createNetwork } from '../network/network.ts'
import { importWeights } from '../weights/import.ts'
import type { FeatureExtractor } from './extractor.ts'

/**
 * pytorch-fid's Inception-v3 with the user's weights: its `pt_inception-2015-12-05-6726825d.pth`, or what was exported from it.
 * @throws UserError as `importWeights`: no such file, or not these weights.
 */
export async function openInceptionFid(file: string): Promise<FeatureExtractor> {
  const loaded = loadModel(path.join(archcRoot, 'models', 'inception-v3-fid.arch'), {})
  const { tensors } = await importWeights({ files: [file], into: loaded })
  const { graph } = loaded.model
  const network = createNetwork([graph], activeEngine()?.name === 'tensorflow' ? 'repeated' : 'layers')
  network.assign(tensors)
  const lowered = network.lower(graph, 'inception')
  return {
    name: 'FID',
    definition: `pytorch-fid's Inception-v3 (${path.basename(file)}), 299 x 299 by bilinear interpolation without antialiasing, -1 to 1, 2048 features of the last pooling layer`,
    dims: 2048,
    features({ values, count, width, height }) {
      const made = tf.tidy(() => {
        const given = tf.tensor(values, [count, height, width, 3])
        return lowered.run({ [graph.inputs[0]!.name]: given })['pool3']!
      })
      const features = made.dataSync() as Float32Array
      made.dispose()
      return features
    },
    dispose: () => network.weights.forEach(({ path: name }) => network.variable(name).dispose()),
  }
}
