import { someOf } from '../../errors.ts'
import { habitIn, type habits } from './habits.ts'
import type { Diagnostic, Fix, Label, Severity, Span } from './diagnostic.ts'

/**
 * Every code that archc can report, with the type of what its message needs. A wrong code or a missing argument does
 * not compile.
 */
const error = <A>(message: (a: A) => string): Entry<A> => ({ severity: 'error', message })
const warning = <A>(message: (a: A) => string): Entry<A> => ({ severity: 'warning', message })

interface Entry<A> {
  readonly severity: Severity
  readonly message: (a: A) => string
}

/** Names with commas between; of very many the first ones. */
export const listed = (names: readonly string[]): string => someOf(names, 40)

/** `; did you mean a or b?`, or what is accepted when nothing is near. */
const near = (a: { near: readonly string[]; accepted?: readonly string[] }, has = 'It takes'): string =>
  a.near.length > 0
    ? `; did you mean ${a.near.join(' or ')}?${a.accepted ? ` ${has} ${listed(a.accepted)}` : ''}`
    : a.accepted && a.accepted.length > 0
      ? `. ${has} ${listed(a.accepted)}`
      : ''

interface Suggesting {
  readonly name: string
  readonly near: readonly string[]
  readonly accepted?: readonly string[]
}

export const catalogue = {
  // text
  'unexpected-token': error((a: { expected: string; found: string }) => `expected ${a.expected}, found ${a.found}`),
  'unknown-keyword': error((a: Suggesting) => `'${a.name}' is not a declaration${near(a)}`),
  unclosed: error((a: { bracket: string }) => `this ${a.bracket} is never closed`),
  'bad-number': error((a: { written: string }) => `${a.written} is no number`),
  'bad-string': error((_: object) => 'a string ends on its line'),
  'bad-character': error((a: { found: string }) => `${a.found} has no meaning here`),
  'pattern-syntax': error((a: { problem: string }) => a.problem),
  // names
  'unknown-name': error((a: Suggesting) => `nothing here is called ${a.name}${near(a)}`),
  'unknown-module': error(
    (a: Suggesting & { file: string; what: 'module' | 'model' }) =>
      `${a.file} has no ${a.what} called ${a.name}${near(a, 'It has')}`,
  ),
  'unknown-op': error((a: Suggesting) => `no op or module called ${a.name}${near(a)}`),
  'unknown-attribute': error((a: Suggesting & { callee: string }) => `${a.callee} has no ${a.name}${near(a)}`),
  'unknown-preset': error((a: Suggesting & { model: string }) => `${a.model} has no preset ${a.name}${near(a)}`),
  'missing-attribute': error((a: { callee: string; name: string }) => `${a.callee} needs ${a.name}`),
  'duplicate-name': error((a: { name: string; what: string }) => `${a.name} is already ${a.what}`),
  'unknown-dim': error((a: Suggesting) => `${a.name} is not a dimension here${near(a)}`),
  'import-missing': error(
    (a: { path: string; reason: string; near: readonly string[] }) => `cannot read ${a.path}: ${a.reason}${near(a)}`,
  ),
  'import-cycle': error(
    (a: { chain: readonly string[] }) => `${a.chain[0]} imports ${a.chain.slice(1).join(', which imports ')}`,
  ),
  'used-before-defined': error((a: { name: string }) => `${a.name} is used before it is defined`),
  'module-cycle': error((a: { name: string }) => `${a.name} calls itself`),
  'too-deep': error((a: { limit: number }) => `more than ${a.limit} levels are nested here`),
  // values
  'attribute-type': error((a: { name: string; takes: string; given: string }) => `${a.name} takes ${a.takes}, not ${a.given}`),
  'attribute-value': error(
    (a: { name: string; accepted: string; given: string }) => `${a.name} is ${a.accepted}; not ${a.given}`,
  ),
  'not-static': error((a: { name: string; on: string }) => `${a.name} must be known when compiling; it depends on ${a.on}`),
  'not-a-tensor': error((a: { what: string; given: string }) => `${a.what} takes a tensor, not ${a.given}`),
  'repeat-count': error(
    (a: { written: string; value: string }) => `repeat takes a count from 0 to 10000; ${a.written} is ${a.value}`,
  ),
  'too-large': error((a: { problem: string }) => a.problem),
  'too-many': error((a: { what: string; limit: number; of: string }) => `${a.what} more than ${a.limit} ${a.of}`),
  'static-value': error((a: { problem: string }) => a.problem),
  // shapes
  arity: error((a: { callee: string; takes: string; given: number }) => `${a.callee} takes ${a.takes} and is given ${a.given}`),
  'rank-mismatch': error(
    (a: { callee: string; takes: string; name: string; given: string }) =>
      `${a.callee} takes ${a.takes}; ${a.name} is ${a.given}`,
  ),
  'shape-mismatch': error((a: { problem: string }) => a.problem),
  'shape-unknown': error((a: { claim: string; sizes: readonly string[] }) => `cannot show that ${a.claim}`),
  'not-divisible': error((a: { size: string; by: string; where: string }) => `${a.size} does not divide by ${a.by}${a.where}`),
  broadcast: error(
    (a: { operator: string; left: string; right: string; axis: string }) =>
      `${a.operator} cannot pair ${a.left} with ${a.right} at ${a.axis}`,
  ),
  'concat-axes': error(
    (a: { axis: number; other: number; left: string; right: string }) =>
      `concat joins axis ${a.axis}; axis ${a.other} differs: ${a.left} against ${a.right}`,
  ),
  'pattern-mismatch': error((a: { problem: string }) => a.problem),
  'window-too-large': error((a: { problem: string }) => a.problem),
  'output-mismatch': error(
    (a: { name: string; declared: string; returned: string }) =>
      `${a.name} is declared ${a.declared} and returned as ${a.returned}`,
  ),
  'dtype-mismatch': error(
    (a: { callee: string; takes: string; name: string; given: string }) =>
      `${a.callee} needs ${a.takes}; ${a.name} is ${a.given}`,
  ),
  'mixed-pipeline': error((a: { written: string; readings: readonly string[] }) =>
    a.readings.length === 1
      ? `an operator stands beside -> in ${a.written}; write ${a.readings[0]}`
      : `${a.written} could be ${a.readings.join(' or ')}; write the one you mean`,
  ),
  'return-missing': error((a: { name: string }) => `${a.name} has no return`),
  // slots and variants
  'slot-contract': error((a: { slot: string; what: string; problem: string }) => `the ${a.what} for ${a.slot} ${a.problem}`),
  'unknown-path': error((a: Suggesting & { owner: string; kind: string }) => `${a.owner} has no ${a.kind} ${a.name}`),
  'not-a-slot': error(
    (a: { name: string; what: string; slots: readonly string[] }) =>
      `${a.name} is ${a.what}; only slots can be replaced. Slots: ${listed(a.slots)}`,
  ),
  'edit-conflict': error((a: { first: string; second: string; path: string }) =>
    a.first === a.second ? `${a.first} changes ${a.path} twice` : `${a.first} and ${a.second} both change ${a.path}`,
  ),
  'variant-no-effect': error(
    (a: { base: string }) => `this variant equals ${a.base}: neither graph nor train nor evaluate changes`,
  ),
  'variant-of-variant': error((_: object) => 'a variant names a model; apply two variants together with --variant'),
  'lambda-arity': error(
    (a: { slot: string; takes: number; names: number }) =>
      `${a.slot} has ${a.takes} ${a.takes === 1 ? 'input' : 'inputs'}; the lambda names ${a.names}`,
  ),
  'lambda-place': error((_: object) => 'a lambda stands only as the filler of a slot, or for a parameter of type module'),
  // training and evaluation
  'unknown-field': error((a: Suggesting & { record: string }) => `${a.record} has no ${a.name}${near(a)}`),
  'missing-field': error((a: { record: string; name: string }) => `${a.record} needs ${a.name}`),
  'unbound-dim': error((a: { record: string; dim: string }) => `${a.record} does not say how large ${a.dim} is`),
  'out-of-range': error((a: { name: string; range: string; given: string }) => `${a.name} is ${a.range}; ${a.given} is outside`),
  'loss-weights': error(
    (a: { path: string }) =>
      `a loss has a weight of its own, ${a.path}: it would be another network at each call, and nothing would train it`,
  ),
  'loss-shape': error((a: { problem: string }) => a.problem),
  'objective-shared': error(
    (a: { slot: string }) =>
      `an output reaches ${a.slot}: train.loss moves its weights, and a record of its own would move them again`,
  ),
  'all-frozen': error(
    (a: { record: string; count: number }) =>
      `nothing is left to train: all ${a.count} weights that ${a.record}.loss moves are frozen`,
  ),
  'slot-frozen': error(
    (a: { slot: string }) => `${a.slot} is frozen: nothing trains it, and this record would; leave out one of them`,
  ),
  'scale-static': error(
    (a: { name: string }) =>
      `${a.name} is drawn for each item: it has no value in the network, neither in shapes nor in arithmetic`,
  ),
  'role-shape': error(
    (a: { role: string; takes: string; name: string; given: string }) => `${a.role} are ${a.takes}; ${a.name} is ${a.given}`,
  ),
  'role-unknown': error((a: Suggesting) => `there is no role ${a.name}${near(a)}`),
  'role-missing': error((a: { model: string; role: string }) => `${a.model} has no ${a.role}`),
  'role-count': error(
    (a: { model: string; takes: string; given: string }) => `a model has ${a.takes}; ${a.model} has ${a.given}`,
  ),
  'scale-range': error((a: { problem: string }) => a.problem),
  'only-in-models': error((a: { what: string; name: string }) => `${a.what} stands only in a model; ${a.name} is a module`),
  'no-model': error((a: { problem: string }) => a.problem),
  // lints
  'unused-let': warning((a: { name: string }) => `${a.name} is never used`),
  'unused-module': warning((a: { name: string }) => `module ${a.name} is never used`),
  'unused-input': warning((a: { name: string }) => `the input ${a.name} is never used`),
  'unused-parameter': warning((a: { name: string; owner: string }) => `the parameter ${a.name} of ${a.owner} is never used`),
  'unused-import': warning((a: { name: string }) => `the import ${a.name} is never used`),
  'large-intermediate': warning(
    (a: { name: string; shape: string; gib: string }) => `${a.name} is [${a.shape}] = ${a.gib} GiB at the sizes of train`,
  ),
  'axis-coupled': warning(
    (a: { output: string; axis: string; op: string; path: string }) =>
      `${a.output} at one query depends on all others (${a.op}${a.path ? ` in ${a.path}` : ''} joins positions along ${a.axis}): say in evaluate.scope which are computed together, full, raster(n) or tile(n)`,
  ),
  'shadowed-dim': warning(
    (a: { name: string; size: string; here: string }) =>
      `${a.name} names an axis of ${a.here} in the pattern, and is ${a.size === a.name ? 'a size of the inputs' : a.size} beside it`,
  ),
  'norm-of-one': warning(
    (a: { op: string; path: string }) =>
      `${a.op}${a.path ? ` in ${a.path}` : ''} is over a single value at the sizes of train: nothing of what comes in is left`,
  ),
  'no-gradient': warning((a: { name: string }) => `no gradient reaches ${a.name}: training will not move it`),
  'unused-allow': warning((a: Suggesting) =>
    a.near.length > 0 ? `there is no warning ${a.name}${near(a)}` : `nothing here is warned of as ${a.name}`,
  ),
  'dead-slot': warning((a: { name: string; outputs: string }) => `${a.name} has no path to ${a.outputs}`),
} satisfies { [code: string]: Entry<never> }

export type Code = keyof typeof catalogue
export type Arguments<C extends Code> = Parameters<(typeof catalogue)[C]['message']>[0]

/** What stands around a message besides its arguments. */
export interface Context {
  readonly label?: string
  readonly related?: readonly Label[]
  readonly notes?: readonly string[]
  readonly help?: string
  readonly fixes?: readonly Fix[]
}

/** What a mistake is about, where it may be a habit of other languages. */
const subjects: { readonly [C in keyof typeof habits]: (a: Arguments<C>) => string } = {
  'unknown-op': (a) => a.name,
  'unknown-name': (a) => a.name,
  'unknown-attribute': (a) => `${a.callee}.${a.name}`,
  'unknown-field': (a) => `${a.record}.${a.name}`,
  'attribute-value': (a) => `${a.name}: ${a.given}`,
  'attribute-type': (a) => `${a.name}: ${a.given}`,
  'missing-attribute': (a) => `${a.callee}.${a.name}`,
  'role-shape': (a) => `${a.role}: ${a.given}`,
  'not-static': (a) => `${a.name}: ${a.on}`,
}

function habitOf(code: Code, args: object): ReturnType<typeof habitIn> {
  if (!Object.hasOwn(subjects, code)) return undefined
  const known = code as keyof typeof habits
  return habitIn(known, (subjects[known] as (a: object) => string)(args), (args as Partial<Suggesting>).accepted)
}

/** What may have been meant, in place of a misspelt name. */
function renamings(args: object, span: Span): Fix[] {
  const { name, near = [] } = args as { name?: string; near?: readonly string[] }
  if (name === undefined || span.end - span.start !== name.length) return []
  return near.map((text) => ({ title: `write ${text}`, edits: [{ span, text }] }))
}

/** Makes the record for `code` at `span`. */
export function diagnostic<C extends Code>(code: C, args: Arguments<C>, span: Span, context: Context = {}): Diagnostic {
  const entry = catalogue[code] as unknown as Entry<Arguments<C>>
  const habit = habitOf(code, args)
  // Names of here stand in place of those that are merely spelt alike.
  const said = habit && 'near' in args ? { ...args, near: habit.near } : args
  const help = habit?.help ?? context.help
  return {
    code,
    severity: entry.severity,
    message: entry.message(said),
    primary: { span, label: context.label ?? '' },
    related: context.related ?? [],
    notes: context.notes ?? [],
    ...(help !== undefined && { help }),
    fixes: context.fixes ?? renamings(said, span),
    ...('sizes' in args && { sizes: args.sizes }),
  }
}

/** Further places of one mistake that are shown. */
const mostPlaces = 3

/** One mistake that was made at other places too. */
export const alsoAt = (diagnostic: Diagnostic, others: readonly Span[]): Diagnostic => ({
  ...diagnostic,
  related: [...diagnostic.related, ...others.slice(0, mostPlaces).map((span) => ({ span, label: 'and here' }))],
  notes: [...diagnostic.notes, ...(others.length > mostPlaces ? [`and at ${others.length - mostPlaces} more`] : [])],
})

/** Thrown inside a statement to leave it; caught where the statement began. Never leaves the compiler. */
export class Reported extends Error {
  constructor(readonly diagnostic: Diagnostic) {
    super(diagnostic.message)
  }
}

/** Thrown where a name of a broken statement is used: the mistake is reported already. */
export class Consequence extends Error {}

/** Reports and leaves the statement. */
export function fail<C extends Code>(code: C, args: Arguments<C>, span: Span, context: Context = {}): never {
  throw new Reported(diagnostic(code, args, span, context))
}
