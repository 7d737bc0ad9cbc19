import * as tf from '@tensorflow/tfjs'
import type { CompiledModel } from '../../compiler/plan.ts'
import { evaluate } from '../../compiler/shapes/size.ts'

/** What a network may be told of a picture as a whole. */
export interface PictureFacts {
  /** Height and width of an output pixel in the frame of the picture, [-1, 1]. */
  readonly cell: readonly [y: number, x: number]
  readonly scale: number
  /** How strongly it was compressed, from 0 for never to 1. */
  readonly compression?: number | undefined
}

/** By how much cells are multiplied at a scale beyond the largest of training, `most` (LIIF's evaluation). */
export const clipOf = (m: number, most: number | undefined): number => (most === undefined ? 1 : Math.max(m / most, 1))

/** The size of an output pixel, in the frame of `length` of a picture's `low` positions, which become `high`. */
export const cellIn = (length: number, low: number, high: number): number =>
  length === low ? 2 / high : ((2 / high) * low) / length

/** Inputs that have one value for the whole picture, flat and without the batch axis, by their names. */
export const pictureValues = (
  { inputs }: CompiledModel,
  { cell, scale, compression = 0 }: PictureFacts,
): Record<string, Float32Array> =>
  Object.fromEntries(
    inputs.flatMap(({ name, role, shape }) => {
      if (role === 'cell' && shape.length === 2) return [[name, Float32Array.from(cell)] as const]
      if (role === 'compression') return [[name, Float32Array.of(compression)] as const]
      return role === 'scale' ? [[name, Float32Array.of(scale)] as const] : []
    }),
  )

/** Such values as a batch of one picture. */
export const tensorsOf = ({ inputs }: CompiledModel, values: Readonly<Record<string, Float32Array>>): Record<string, tf.Tensor> =>
  Object.fromEntries(
    Object.entries(values).map(([name, numbers]) => {
      const { shape } = inputs.find((input) => input.name === name)!
      return [name, tf.tensor(numbers, shape.map((size) => evaluate(size, { B: 1 })))] // prettier-ignore
    }),
  )
