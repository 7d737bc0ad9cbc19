// `import { registerLayers } from 'archc/layers'`: everything that tf.loadLayersModel needs for a model that archc wrote.
import { built } from './build.js'

export const { registerLayers } = await import(await built('layers'))
