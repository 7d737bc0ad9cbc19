import type { ErrorObject } from 'ajv'
import { nearest } from '../../compiler/diagnostics/suggest.ts'

const unescaped = (part: string): string => part.replaceAll('~1', '/').replaceAll('~0', '~')
/** Keys and places that lead to what a complaint is about. */
export const pathOf = ({ instancePath }: ErrorObject): string[] => instancePath.split('/').slice(1).map(unescaped)

const listed = (values: readonly unknown[]): string => values.map(String).join(', ')

/** `blocks[0].systems[1].set` */
const written = (at: readonly string[]): string =>
  at.reduce((path, part) => (/^\d+$/.test(part) ? `${path}[${part}]` : path ? `${path}.${part}` : part), '') || 'the file'

/**
 * A complaint of Ajv (with `verbose`) as a sentence that names the key and what is allowed there; `patterns` has the schema's in words.
 */
export function sentenceOf(error: ErrorObject, patterns: ReadonlyMap<string, string> = new Map()): string {
  const { keyword, params, message, parentSchema, data } = error
  const where = written(pathOf(error))
  const fields = Object.keys((parentSchema?.['properties'] ?? {}) as object)
  switch (keyword) {
    case 'additionalProperties': {
      const name = String(params['additionalProperty'])
      const near = nearest(name, fields)
      return `${where} has no field ${name}${near.length > 0 ? `; did you mean ${near.join(' or ')}?` : ''} It takes ${listed(fields)}`
    }
    case 'required':
      return `${where} needs the field ${String(params['missingProperty'])}`
    case 'enum':
      return `${where} is ${JSON.stringify(data)}, not one of ${listed(params['allowedValues'] as unknown[])}`
    case 'const':
      return `${where} is ${JSON.stringify(data)}, not ${String(params['allowedValue'])}`
    case 'minProperties':
    case 'maxProperties':
      return fields.length > 0 ? `${where} takes one of ${listed(fields)}` : `${where} is empty`
    case 'minimum':
    case 'maximum':
      return `${where} is ${String(data)}, ${keyword === 'minimum' ? 'less' : 'more'} than ${String(params['limit'])}`
    case 'pattern':
      return `${where} is ${JSON.stringify(data)}, which does not have the form ${patterns.get(String(params['pattern'])) ?? String(params['pattern'])}`
    default:
      return `${where} ${message ?? 'is wrong'}${data !== null && typeof data === 'object' ? '' : `, not ${JSON.stringify(data)}`}`
  }
}
