import * as tf from '@tensorflow/tfjs'
import { archcVersion } from '../../version.ts'

/** What computed: goes into every record. */
export const versions = (): Record<string, string> => ({
  archc: archcVersion(),
  node: process.versions.node,
  tfjs: tf.version.tfjs,
})
