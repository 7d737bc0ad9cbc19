/**
 * What a table holds under a name that somebody wrote. `table[name]` would find `constructor` and `toString` in every table: what
 * all objects of JavaScript have is no entry of this one.
 */
export const own = <T>(table: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined

/** A table to be filled under such names: one of them may be `__proto__`. */
export const emptyTable = <T>(): Record<string, T> => Object.create(null) as Record<string, T>
