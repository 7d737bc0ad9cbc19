/** A slide's levels as encoded tiles, from the full size down. */
export interface EncodedPyramid {
  /** Side of tiles in pixels; those at the right and lower border are whole tiles too, padded. */
  readonly tile: number
  readonly levels: readonly {
    readonly width: number
    readonly height: number
    /** A whole baseline JPEG file, 4:4:4, YCbCr, `tile` pixels square. */
    tile(column: number, row: number): Promise<Buffer>
  }[]
  readonly facts: EnlargedFacts
}

/** What an enlarged slide says of itself. Nothing of a patient, a date or the scanner's free text. */
export interface EnlargedFacts {
  /** Micrometres a pixel of the first level. */
  readonly mpp?: { readonly x: number; readonly y: number }
  readonly magnification?: number
  readonly icc?: Buffer
  readonly description: string
  readonly model: string
  readonly modelHash: string
  readonly sourceHash: string
  readonly software: string
}
