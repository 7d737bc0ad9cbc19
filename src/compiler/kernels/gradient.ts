import { kernels } from './kernels.ts'
import type { Trace } from './trace.ts'
import { reachable, type Value } from './value.ts'

/**
 * Reverse mode: the gradient of `loss`, a number, for each of `of`; undefined for what it does not depend on. With `seed`
 * `loss` may have any shape: its own gradient is that.
 */
export function gradients(tf: Trace, loss: Value, of: readonly Value[], seed = tf.scalar(1)): (Value | undefined)[] {
  const order = reachable([loss])
  const wanted = new Set(of)
  const moving = new Set<Value>()
  for (const value of order) if (wanted.has(value) || dependsOn(value).some((input) => moving.has(input))) moving.add(value)

  const parts = new Map<Value, Value[]>([[loss, [seed]]])
  for (const value of order.toReversed()) {
    const given = parts.get(value)
    if (!given || !moving.has(value)) continue
    const dy = given.reduce((sum, part) => tf.add(sum, part))
    parts.set(value, [dy])
    const inputs = dependsOn(value)
    if (!inputs.some((input) => moving.has(input))) continue
    const rule = kernels.get(value.kernel)?.gradient
    if (!value.custom && !rule) throw new Error(`${value.kernel} has no gradient`)
    const each = value.custom ? value.custom.gradient(dy) : rule!(tf, value, dy)
    inputs.forEach((input, at) => {
      const part = each[at]
      if (!part || !moving.has(input)) return
      if (part.shape.join() !== input.shape.join())
        throw new Error(`the gradient of ${value.kernel} is [${part.shape.join()}] for [${input.shape.join()}]`)
      parts.set(input, [...(parts.get(input) ?? []), part])
    })
  }
  return of.map((value) => parts.get(value)?.[0])
}

const dependsOn = (value: Value): readonly Value[] => value.custom?.inputs ?? value.inputs
