/**
 * What computes formulas: TensorFlow.js on tensors, `Trace` on values that only record. An op's `compute` may call what
 * stands here, by the names and with the meaning of TensorFlow.js, and nothing else: the rest does not compile.
 */

export type DataType = 'float32' | 'int32'

/** What a formula sees of a tensor. */
export interface Tensor {
  readonly shape: readonly number[]
  readonly dtype: string
  readonly size: number
  reshape(shape: number[]): Tensor
  transpose(order: number[]): Tensor
  squeeze(axes: number[]): Tensor
  expandDims(axis: number): Tensor
  slice(begin: number[], size: number[]): Tensor
  asScalar(): Tensor
  dispose(): void
}

/** Keeps tensors for a gradient. */
export type Keep = (tensors: Tensor[]) => void

/** The value of a formula with a gradient of its own, and that gradient from the gradient of the value and what was kept. */
export interface WithGradient<T> {
  readonly value: T
  gradFunc(dy: T, kept: T[]): T | T[]
}

/** Methods, so that an engine's own, narrower tensors fit. */
export interface Backend<T extends Tensor = Tensor> {
  scalar(value: number, dtype?: DataType): T
  tensor(values: number[] | Float32Array, shape?: number[]): T
  tensor2d(values: Float32Array, shape: [number, number]): T
  fill(shape: number[], value: number): T
  zeros(shape: number[]): T
  ones(shape: number[]): T
  zerosLike(x: T): T
  onesLike(x: T): T
  range(from: number, to: number, step: number, dtype: DataType): T

  add(a: T | number, b: T | number): T
  sub(a: T | number, b: T | number): T
  mul(a: T | number, b: T | number): T
  div(a: T | number, b: T | number): T
  floorDiv(a: T | number, b: T | number): T
  minimum(a: T | number, b: T | number): T
  maximum(a: T | number, b: T | number): T
  pow(a: T | number, b: T | number): T
  greater(a: T | number, b: T | number): T

  relu(x: T): T
  leakyRelu(x: T, slope: number): T
  softplus(x: T): T
  sigmoid(x: T): T
  tanh(x: T): T
  sin(x: T): T
  cos(x: T): T
  exp(x: T): T
  log(x: T): T
  sqrt(x: T): T
  rsqrt(x: T): T
  square(x: T): T
  neg(x: T): T
  abs(x: T): T
  sign(x: T): T
  floor(x: T): T
  round(x: T): T
  erf(x: T): T
  clone(x: T): T
  cast(x: T, dtype: DataType): T
  clipByValue(x: T, least: number, most: number): T
  where(condition: T, a: T | number, b: T | number): T

  matMul(a: T, b: T, transposeA?: boolean, transposeB?: boolean): T
  conv2d(x: T, kernel: T, stride: number, padding: 'same' | 'valid', format: 'NHWC'): T
  conv2dTranspose(x: T, kernel: T, shape: [number, number, number, number], stride: number, padding: 'valid'): T
  avgPool(x: T, size: number, stride: number, padding: 'valid'): T
  maxPool(x: T, size: number, stride: number, padding: 'valid'): T

  concat(parts: T[], axis: number): T
  stack(parts: T[], axis: number): T
  slice(x: T, begin: number[], size: number[]): T
  split(x: T, parts: number, axis: number): T[]
  pad(x: T, border: [number, number][], value?: number): T
  reverse(x: T, axis: number): T
  broadcastTo(x: T, shape: number[]): T

  sum(x: T, axes?: number | number[], keep?: boolean): T
  mean(x: T, axes?: number | number[], keep?: boolean): T
  max(x: T, axes?: number | number[], keep?: boolean): T
  min(x: T, axes?: number | number[], keep?: boolean): T
  argMax(x: T, axis: number): T
  argMin(x: T, axis: number): T
  softmax(x: T): T
  cumsum(x: T, axis: number, exclusive?: boolean, reverse?: boolean): T
  oneHot(index: T, depth: number): T
  gather(table: T, index: T, axis: number): T
  unsortedSegmentSum(x: T, index: T, count: number): T

  tidy<R>(compute: () => R): R
  /** `formula` takes the inputs and, last, what keeps tensors for the gradient. */
  customGrad(formula: (...parts: (Tensor | Keep)[]) => WithGradient<Tensor>): (...inputs: Tensor[]) => T
  /** `x` again, but not before `after` is there; only where calls are recorded. */
  again?(x: T, after: T): T
}
