/**
 * A network as a person draws it: boxes, boxes around boxes, and arrows with sizes. Plain data, made by `graphView` and
 * drawn by `toDot`, `toSvg` and `toMermaid`.
 */
export interface GraphView {
  /** `ISTE, preset mini`. */
  readonly title: string
  /** Of all that is shown. */
  readonly parameters: number
  /** What the drawing cannot show: names that stand for sizes, replacements that compute nothing. */
  readonly notes: readonly string[]
  readonly boxes: readonly Box[]
  readonly frames: readonly Frame[]
  readonly edges: readonly Edge[]
}

/** What boxes and frames say of the part of the network that they stand for. */
export interface Part {
  readonly id: string
  /** The frame that it stands in. */
  readonly frame?: string
  /** Where it is in the network, as in weight paths: `encoder.body[0]`. */
  readonly path: string
  /** Its last part: a slot, a let, a call; empty for what a module returns. */
  readonly name: string
  /** What computes there: the module that is called, or the ops in order. */
  readonly does: string
  /** Learned numbers. */
  readonly parameters: number
  readonly isSlot: boolean
  /** Whether a variant put something else there. */
  readonly isReplaced: boolean
  /** The documentation of the module, for who points at it. */
  readonly about: string
}

export type Box =
  | (Part & {
      readonly kind: 'part'
      /** Whether a greater depth shows what is inside. */
      readonly isFolded: boolean
    })
  | {
      readonly kind: 'input' | 'output'
      readonly id: string
      readonly name: string
      /** `image`, `inspect`; empty for the values that go into a module and come out of it. */
      readonly role: string
      readonly shape: string
    }

/** A part whose inside is shown. */
export type Frame = Part

export interface Edge {
  /** Ids of boxes. */
  readonly from: string
  readonly to: string
  /** All values that go this way. */
  readonly values: readonly EdgeValue[]
}

export interface EdgeValue {
  /** Where a part gives several: `index` of `at.index`. */
  readonly name?: string
  /** `[B, q, 4, 256]`. */
  readonly shape: string
}
