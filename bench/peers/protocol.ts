/** What a peer is asked: one request a line, answered by one line. Files are safetensors. */
export type Request =
  /** `weights`: those of the peer's own names; `rate`: of Adam. */
  | { readonly do: 'open'; readonly model: Subject; readonly weights: string; readonly rate: number }
  /** What every further step is given: lr, coord, cell, target, and `draws` for what acts at random. */
  | { readonly do: 'batch'; readonly file: string }
  /** Loss and gradients under PyTorch's names, without an update. */
  | { readonly do: 'gradients'; readonly file: string }
  | { readonly do: 'step' }
  /** Enlarges `lr` of a file to side x side pixels, `chunk` at a time (0: all at once). Writes `rgb` where `file` is given. */
  | { readonly do: 'predict'; readonly picture: string; readonly side: number; readonly chunk: number; readonly file?: string }

/** The network, as archc's own peer loads it. */
export interface Subject {
  readonly preset: string
  readonly sets: readonly string[]
}

export interface Answer {
  readonly loss?: number
  readonly milliseconds?: number
  /** The largest resident size of the peer so far, in bytes: all its processes. */
  readonly peakBytes?: number
  readonly version?: string
  readonly threads?: number
  readonly problem?: string
}
