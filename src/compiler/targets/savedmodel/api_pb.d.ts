/** The protocol buffers of TensorFlow that tfjs-node carries, as far as a SavedModel needs them. */
declare module '@tensorflow/tfjs-node-gpu/dist/proto/api_pb.js' {
  interface Map<V> {
    set(key: string, value: V): void
  }
  class Dim {
    setSize(size: number): void
  }
  class TensorShape {
    static Dim: typeof Dim
    setDimList(list: Dim[]): void
  }
  class Tensor {
    setDtype(type: number): void
    setTensorShape(shape: TensorShape): void
    setTensorContent(bytes: Uint8Array): void
  }
  class ListValue {
    setIList(list: readonly number[]): void
    setTypeList(list: readonly number[]): void
  }
  class AttrValue {
    static ListValue: typeof ListValue
    setS(text: Uint8Array): void
    setI(value: number): void
    setF(value: number): void
    setB(value: boolean): void
    setType(type: number): void
    setShape(shape: TensorShape): void
    setTensor(tensor: Tensor): void
    setList(list: ListValue): void
    setFunc(func: NameAttrList): void
  }
  class NameAttrList {
    setName(name: string): void
  }
  class ArgDef {
    setName(name: string): void
    setType(type: number): void
  }
  class OpDef {
    static ArgDef: typeof ArgDef
    setName(name: string): void
    setInputArgList(list: ArgDef[]): void
    setOutputArgList(list: ArgDef[]): void
  }
  class FunctionDef {
    setSignature(signature: OpDef): void
    getAttrMap(): Map<AttrValue>
    setNodeDefList(nodes: NodeDef[]): void
    getRetMap(): Map<string>
  }
  class FunctionDefLibrary {
    setFunctionList(list: FunctionDef[]): void
  }
  class NodeDef {
    setName(name: string): void
    setOp(op: string): void
    setInputList(inputs: readonly string[]): void
    getAttrMap(): Map<AttrValue>
  }
  class VersionDef {
    setProducer(version: number): void
  }
  class GraphDef {
    setNodeList(nodes: NodeDef[]): void
    setVersions(version: VersionDef): void
    setLibrary(library: FunctionDefLibrary): void
  }
  class TensorInfo {
    setName(name: string): void
    setDtype(type: number): void
    setTensorShape(shape: TensorShape): void
  }
  class SignatureDef {
    getInputsMap(): Map<TensorInfo>
    getOutputsMap(): Map<TensorInfo>
    setMethodName(name: string): void
  }
  class MetaInfoDef {
    setTagsList(tags: readonly string[]): void
  }
  class MetaGraphDef {
    static MetaInfoDef: typeof MetaInfoDef
    setMetaInfoDef(info: MetaInfoDef): void
    setGraphDef(graph: GraphDef): void
    getSignatureDefMap(): Map<SignatureDef>
  }
  // eslint-disable-next-line @typescript-eslint/no-unused-vars -- its type is what is used
  class SavedModel {
    setSavedModelSchemaVersion(version: number): void
    addMetaGraphs(graph: MetaGraphDef): void
    serializeBinary(): Uint8Array
  }
  const messages: {
    TensorShape: typeof TensorShape
    Tensor: typeof Tensor
    AttrValue: typeof AttrValue
    NodeDef: typeof NodeDef
    NameAttrList: typeof NameAttrList
    OpDef: typeof OpDef
    FunctionDef: typeof FunctionDef
    FunctionDefLibrary: typeof FunctionDefLibrary
    VersionDef: typeof VersionDef
    GraphDef: typeof GraphDef
    TensorInfo: typeof TensorInfo
    SignatureDef: typeof SignatureDef
    MetaGraphDef: typeof MetaGraphDef
    SavedModel: typeof SavedModel
  }
  export default messages
}
