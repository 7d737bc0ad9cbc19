import path from 'node:path'

/** One picture of the data: its path as given, its checksum, which side of the split it is on. */
export interface ManifestEntry {
  readonly path: string
  readonly sha256: string
  readonly group?: string
  readonly mpp?: number
  /** Its ready-made low-resolution picture. */
  readonly low?: { readonly path: string; readonly sha256: string }
  /** SHA-256 of its size and its samples as they were read: the same in another format. Absent in runs of before. */
  readonly pixels?: string
  /** Where it is a part of a slide. */
  readonly slide?: {
    readonly path: string
    readonly sha256: string
    readonly level: number
    readonly x: number
    readonly y: number
    readonly width: number
    readonly height: number
  }
  readonly split: 'train' | 'val'
}

/** What `run.json` says: everything that decided the run, written when it begins; only a run that is told to go to other steps changes it. */
export interface RunRecord {
  /** The model's name, the path of its file and the labels of the variants applied. */
  readonly model: string
  readonly file: string
  readonly variants: readonly string[]
  readonly preset: string | null
  /** What compiled it, to compile it again from `model.arch.txt`. */
  readonly options: { readonly preset?: string; readonly variants?: readonly string[]; readonly sets?: readonly string[] }
  /** Every parameter and field with its resolved value and where that came from (`default`, `preset mini`, `--set`, ..). */
  readonly values: readonly { readonly path: string; readonly value: unknown; readonly origin: string }[]
  readonly seed: number
  /** What it was told to do: steps instead of the text's epochs, weights to start from, files of frozen slots. A resumed run does the same. */
  readonly training?: {
    readonly steps?: number
    /** Until which steps it went by other numbers of them. */
    readonly before?: readonly { readonly until: number; readonly steps: number }[]
    readonly from?: string
    readonly frozen?: Readonly<Record<string, string>>
    /** The weight paths below which it took weights; without them it took all that fit. */
    readonly parts?: readonly string[]
    /** Paths of the weights that came from there, and of those that began fresh; absent in the first runs of archc. */
    readonly taken?: readonly string[]
    readonly fresh?: readonly string[]
  }
  /** archc, Node, tfjs, TensorFlow, .. */
  readonly versions: Readonly<Record<string, string>>
  /** Which engine computed, on which devices. */
  readonly engine: Readonly<Record<string, unknown>>
  readonly data: readonly ManifestEntry[]
  /** Files that were left out, by ending, and how many pictures were changed to make them 8-bit RGB, by what it was; absent in runs of before. */
  readonly read?: {
    readonly leftOut: Readonly<Record<string, number>>
    readonly notes: Readonly<Record<string, number>>
    /** What slides gave, and how that was chosen. */
    readonly slides?: {
      readonly side: number
      readonly most: number
      readonly level: number
      readonly lowLevel?: number
      readonly tissue: number
    }
  }
}

/** An opened run folder. */
export interface Run {
  readonly folder: string
  record: RunRecord
  /** `model.arch.txt`: the text with everything applied. */
  readonly text: string
  /** SHA-256 of that text, in hexadecimal. */
  readonly textHash: string
  /** When the run began, ISO 8601. */
  readonly created: string
}

/** The paths of a run's files. */
export function runPaths(folder: string) {
  const inside = (name: string) => path.join(folder, name)
  return {
    record: inside('run.json'),
    text: inside('model.arch.txt'),
    checkpoints: inside('checkpoints'),
    weights: inside('weights.safetensors'),
    frozen: inside('frozen.safetensors'),
    log: inside('log.jsonl'),
    evaluation: inside('evaluation'),
    lock: inside('training.lock'),
  } as const
}
