import { constant } from '../shapes/size.ts'
import { elementFacts, f32, i32, type Op, type Primitive } from './op.ts'

export const counting: Primitive = {
  ...elementFacts,
  name: 'range',
  constant: true,
  holds: ({ sizes }) => sizes['n']!,
  results: ({ sizes }) => [i32(sizes['n']!)],
  compute: (tf, _inputs, _weights, { sizes }) => [tf.range(0, sizes['n']![0]!, 1, 'int32')],
}

export const range: Op = {
  name: 'range',
  summary: '0, 1, .. n - 1.',
  takes: ['n'],
  gives: 'i32[n]',
  scalar: { at: 0, name: 'n' },
  attributes: { n: { type: 'size', least: 1, about: 'how many: an int or a size' } },
  build: (call) => call.emit(counting, [], { sizes: { n: [call.size('n')] } })[0]!,
  example: { inputs: { x: [4] }, code: 'x * range(4)' },
}

/** A constant of a shape: what a scalar becomes where a tensor is promised. */
export const filled: Primitive = {
  ...elementFacts,
  name: 'fill',
  constant: true,
  results: ({ sizes }) => [f32(sizes['shape']!)],
  compute: (tf, _inputs, _weights, { attributes, sizes }) => [tf.fill([...sizes['shape']!], attributes['value'] as number)],
}

/** A `weight` statement's tensor. */
export const ownWeight: Primitive = {
  ...elementFacts,
  name: 'weight',
  results: ({ weights }) => [f32(weights[0]!.shape.map(constant))],
  compute: (tf, _inputs, [weight]) => [tf.clone(weight!)],
}
