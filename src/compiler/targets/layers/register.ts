import type { Tfjs } from './backend.ts'
import { layerClasses } from './layer.ts'

/** Registers archc's layers with a TensorFlow.js, so that `tf.loadLayersModel` reads a model.json that archc wrote. */
export function registerLayers(tf: Tfjs): void {
  layerClasses(tf)
}
