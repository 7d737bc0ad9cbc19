import { fail } from '../../diagnostics/catalogue.ts'
import { nearest } from '../../diagnostics/suggest.ts'
import type { PictureOperation } from '../../plan.ts'
import type { Expression } from '../../syntax/tree.ts'
import { perItem } from './per-item.ts'
import { wordOf, type FieldReader } from './reader.ts'

/** What is done to a picture, in order; `variables` may be read by what is drawn per item. */
export function operations(
  reader: FieldReader,
  expressions: readonly Expression[],
  accepted: readonly PictureOperation['op'][],
  variables: readonly string[],
): PictureOperation[] {
  return expressions.map((expression) => {
    const name = wordOf(expression)
    if (!(accepted as readonly string[]).includes(name)) {
      const near = nearest(name, accepted)
      fail(
        'unknown-op',
        { name: name || reader.textOf(expression), near, accepted: near.length ? undefined : accepted } as never,
        expression.span,
      )
    }
    const given = expression.kind === 'call' ? expression.arguments : []
    const takes: Readonly<Record<string, readonly string[]>> = { blur: ['sigma'], resize: ['kernel'] }
    const wanted = takes[name] ?? []
    for (const argument of given)
      if (!argument.name || !wanted.includes(argument.name.text))
        fail(
          'unknown-attribute',
          { callee: name, name: argument.name?.text ?? 'an unnamed value', near: [], accepted: wanted },
          argument.span,
        )
    const missing = wanted.find((attribute) => !given.some((argument) => argument.name?.text === attribute))
    if (missing) fail('missing-attribute', { callee: name, name: missing }, expression.span)
    const value = given[0]?.value
    if (name === 'blur') return { op: 'blur', sigma: perItem(reader, value!, variables) }
    if (name === 'resize') {
      const kernels = ['bicubic', 'bilinear', 'nearest'] as const
      const kernel = value!.kind === 'name' ? value!.name : ''
      if (!(kernels as readonly string[]).includes(kernel))
        fail('attribute-value', { name: 'kernel', accepted: kernels.join(' or '), given: reader.textOf(value!) }, value!.span)
      return { op: 'resize', kernel: kernel as 'bicubic' }
    }
    return { op: name as 'flip_x' }
  })
}
