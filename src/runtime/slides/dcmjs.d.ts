/** What is used of dcmjs, which has no types of its own. */
declare module 'dcmjs' {
  type Dataset = Record<string, unknown>
  interface Dict {
    readonly meta: Dataset
    dict: Dataset
    write(): ArrayBuffer
  }
  const dcmjs: {
    readonly data: {
      readonly DicomDict: new (meta: Dataset) => Dict
      readonly DicomMessage: { readFile(bytes: ArrayBuffer): Dict }
      readonly DicomMetaDictionary: {
        denaturalizeDataset(dataset: Dataset): Dataset
        naturalizeDataset(dataset: Dataset): Dataset
      }
    }
  }
  export default dcmjs
}
