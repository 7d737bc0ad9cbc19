import { attributeIn } from '../data/micrometres.ts'

/** The objective's magnification, and in words what of the file says so. */
export interface Magnification {
  readonly value: number
  readonly from: string
}

/** By the words of Aperio or OME. */
export function magnificationIn(description: string): Magnification | undefined {
  const aperio = Number(/\bAppMag\s*=\s*([0-9.]+)/.exec(description)?.[1])
  if (aperio > 0) return { value: aperio, from: "Aperio's AppMag" }
  const ome = Number(attributeIn(description, 'NominalMagnification'))
  return ome > 0 ? { value: ome, from: "OME's NominalMagnification" } : undefined
}
