import type { Endpoints } from '../../compiler/targets/savedmodel/write.ts'

/** A tensor on its way between processes. */
export interface HostTensor {
  readonly shape: readonly number[]
  readonly data: Float32Array | Int32Array
}
export type HostTensors = Readonly<Record<string, HostTensor>>

/** What a computing process is asked. */
export type Request =
  | { readonly id: number; readonly kind: 'load'; readonly folder: string }
  | {
      readonly id: number
      readonly kind: 'run'
      readonly folder: string
      /** What the signature is called in the graph. */
      readonly ends: Endpoints
      readonly inputs: HostTensors
    }

/** What it answers; `peakBytes` is the largest memory that it has held. */
export type Answer =
  | { readonly id: number; readonly outputs: HostTensors; readonly peakBytes: number }
  | { readonly id: number; readonly problem: string; readonly help?: string }
