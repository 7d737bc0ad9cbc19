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
