import { bool, bytes, float, int32, int64, map, message, one, packed, repeated, text, type Written } from '../protobuf.ts'

// The messages of TensorFlow, as far as a SavedModel needs them.

const dim = message({ size: one(1, int64) })
const shape = message({ dim: repeated(2, dim) })
const tensor = message({ dtype: one(1, int32), shape: one(2, shape), content: one(4, bytes) })

const attributeList = message({ i: packed(3, int64), type: packed(6, int32) })
const functionName = message({ name: one(1, text) })
/** One of its fields. */
const attrValue = message({
  list: one(1, attributeList),
  s: one(2, bytes),
  i: one(3, int64),
  f: one(4, float),
  b: one(5, bool),
  type: one(6, int32),
  shape: one(7, shape),
  tensor: one(8, tensor),
  func: one(10, functionName),
})

const nodeDef = message({ name: one(1, text), op: one(2, text), input: repeated(3, text), attr: map(5, attrValue) })
const argDef = message({ name: one(1, text), type: one(3, int32) })
const opDef = message({ name: one(1, text), inputs: repeated(2, argDef), outputs: repeated(3, argDef) })
const functionDef = message({ signature: one(1, opDef), attr: map(5, attrValue), nodes: repeated(3, nodeDef), ret: map(4, text) })
const library = message({ functions: repeated(1, functionDef) })
const versions = message({ producer: one(1, int32) })
const graphDef = message({ nodes: repeated(1, nodeDef), versions: one(4, versions), library: one(2, library) })

const tensorInfo = message({ name: one(1, text), dtype: one(2, int32), shape: one(3, shape) })
const signatureDef = message({ inputs: map(1, tensorInfo), outputs: map(2, tensorInfo), method: one(3, text) })
const metaInfo = message({ tags: repeated(4, text) })
const metaGraph = message({ info: one(1, metaInfo), graph: one(2, graphDef), signatures: map(5, signatureDef) })

export const savedModel = message({ schemaVersion: one(1, int64), metaGraphs: repeated(2, metaGraph) })

const rewriterOptions = message({ disableMetaOptimizer: one(19, bool) })
const graphOptions = message({ rewriteOptions: one(10, rewriterOptions) })
export const configProto = message({ graphOptions: one(10, graphOptions) })

export type Shape = Written<typeof shape>
export type AttrValue = Written<typeof attrValue>
export type NodeDef = Written<typeof nodeDef>
export type FunctionDef = Written<typeof functionDef>
export type GraphDef = Written<typeof graphDef>
export type TensorInfo = Written<typeof tensorInfo>
export type SignatureDef = Written<typeof signatureDef>
