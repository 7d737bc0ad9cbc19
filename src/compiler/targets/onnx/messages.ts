import { bytes, float, int32, int64, message, one, repeated, text, type Written } from '../protobuf.ts'

// The messages of ONNX (onnx.proto), as far as a network needs them.

/** Of ONNX' TensorProto.DataType. */
export const elementTypes = { float32: 1, int32: 6, int64: 7, bool: 9, float64: 11 } as const
export type ElementType = keyof typeof elementTypes

/** Of ONNX' AttributeProto.AttributeType. */
const attributeTypes = { float: 1, int: 2, text: 3, ints: 7 } as const

const tensor = message({ dims: repeated(1, int64), dataType: one(2, int32), name: one(8, text), raw: one(9, bytes) })
const attribute = message({
  name: one(1, text),
  float: one(2, float),
  int: one(3, int64),
  text: one(4, text),
  ints: repeated(8, int64),
  type: one(20, int32),
})
const node = message({
  inputs: repeated(1, text),
  outputs: repeated(2, text),
  name: one(3, text),
  operator: one(4, text),
  attributes: repeated(5, attribute),
})
const dimension = message({ value: one(1, int64), parameter: one(2, text) })
const shape = message({ dimensions: repeated(1, dimension) })
const tensorType = message({ element: one(1, int32), shape: one(2, shape) })
const type = message({ tensor: one(1, tensorType) })
const valueInfo = message({ name: one(1, text), type: one(2, type) })
const graph = message({
  nodes: repeated(1, node),
  name: one(2, text),
  initialisers: repeated(5, tensor),
  inputs: repeated(11, valueInfo),
  outputs: repeated(12, valueInfo),
})
const operatorSet = message({ domain: one(1, text), version: one(2, int64) })
const entry = message({ key: one(1, text), value: one(2, text) })

export const onnxModel = message({
  irVersion: one(1, int64),
  producer: one(2, text),
  producerVersion: one(3, text),
  graph: one(7, graph),
  operatorSets: repeated(8, operatorSet),
  metadata: repeated(14, entry),
})

export type NodeProto = Written<typeof node>
export type TensorProto = Written<typeof tensor>
export type ValueInfo = Written<typeof valueInfo>
export type AttributeProto = Written<typeof attribute>

/** What a node is told beside its inputs. */
export type Attributes = Readonly<Record<string, number | string | readonly number[] | { readonly float: number }>>

export const attributesOf = (attributes: Attributes): AttributeProto[] =>
  Object.entries(attributes).map(([name, value]) => {
    if (typeof value === 'string') return { name, text: value, type: attributeTypes.text }
    if (typeof value === 'number') return { name, int: value, type: attributeTypes.int }
    if ('float' in value) return { name, float: value.float, type: attributeTypes.float }
    return { name, ints: value, type: attributeTypes.ints }
  })
