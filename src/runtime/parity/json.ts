/** What JSON may hold, read without trust. */
export type Json = unknown
export type JsonRecord = Readonly<Record<string, Json>>

export const isRecord = (value: Json): value is JsonRecord => typeof value === 'object' && value !== null && !Array.isArray(value)

/** The record behind a key; an empty one where there is none. */
export function recordOf(value: Json, ...keys: readonly string[]): JsonRecord {
  const found = at(value, ...keys)
  return isRecord(found) ? found : {}
}

export function textOf(value: Json, ...keys: readonly string[]): string | undefined {
  const found = at(value, ...keys)
  return typeof found === 'string' ? found : undefined
}

export function numberOf(value: Json, ...keys: readonly string[]): number | undefined {
  const found = at(value, ...keys)
  return typeof found === 'number' ? found : undefined
}

/** A list of numbers; undefined where there is none or something else is in it. */
export function numbersOf(value: Json, ...keys: readonly string[]): readonly number[] | undefined {
  const found = at(value, ...keys)
  return Array.isArray(found) && found.every((item) => typeof item === 'number') ? found : undefined
}

export function textsOf(value: Json, ...keys: readonly string[]): readonly string[] | undefined {
  const found = at(value, ...keys)
  return Array.isArray(found) && found.every((item) => typeof item === 'string') ? found : undefined
}

export function at(value: Json, ...keys: readonly string[]): Json {
  return keys.reduce<Json>((inner, key) => (isRecord(inner) ? inner[key] : undefined), value)
}
