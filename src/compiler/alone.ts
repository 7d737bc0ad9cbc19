import type { Diagnostic } from './diagnostics/diagnostic.ts'
import type { Code } from './diagnostics/catalogue.ts'
import { attempt, bounded, exactly, noMistakes } from './elaborate/attempt.ts'
import { Builder } from './elaborate/calls/builder.ts'
import { bindParameters, callModule, type NamedValues } from './elaborate/calls/call-module.ts'
import type { Memory } from './elaborate/calls/recording.ts'
import type { Elaboration } from './elaborate/evaluate.ts'
import { placeOf } from './elaborate/places.ts'
import { factsOf, factual } from './elaborate/values/facts.ts'
import { nowhere, type Scope } from './elaborate/values/scope.ts'
import { sizeOf } from './elaborate/values/tensor-types.ts'
import type { DType } from './ir/graph.ts'
import type { ModuleUnit } from './names/program.ts'
import { typed } from './ops/op.ts'
import { constant, symbol, type Size } from './shapes/size.ts'
import { parseExpression } from './syntax/parse.ts'
import type { Parameter } from './syntax/tree.ts'

/**
 * A module that nothing calls is looked at with several guesses at what a caller might give: sizes that stay symbols, channels that
 * divide by much, small numbers. Where one of them is right, the module is. What is wrong whatever is guessed is a mistake of the
 * module; of anything else a caller decides.
 */
export interface Alone {
  readonly mistakes: readonly Diagnostic[]
  /** Whether some guess is right, or something was found: neither where only a caller could tell. */
  readonly isDecided: boolean
}

/** Divides by every number up to 16. */
const channels = 720_720

interface Guess {
  /** What stands for a name of an input's axes; the last are channels. */
  readonly size: (isChannels: boolean, index: number) => number | undefined
  readonly int: number
}

const alike = (isChannels: boolean): number | undefined => (isChannels ? channels : undefined)
const guesses: readonly Guess[] = [
  ...[3, 1, 2, 4, channels].map((int): Guess => ({ size: alike, int })),
  { size: (isChannels, index) => (isChannels ? (index + 1) * channels : undefined), int: 2 },
  { size: (isChannels) => (isChannels ? channels : 48), int: 4 },
  { size: () => undefined, int: 4 },
]

/** These depend on the numbers, or say that nothing is known. */
const ofGuesses: ReadonlySet<Code> = new Set<Code>([
  'shape-unknown', 'not-static', 'window-too-large', 'too-large', 'not-divisible', 'attribute-value', 'repeat-count', 'static-value', 'out-of-range',
]) // prettier-ignore
/** Where a part of the module is the caller's, only these are the module's own for certain. */
const ofText: ReadonlySet<Code> = new Set<Code>([
  'unknown-name', 'unknown-op', 'unknown-attribute', 'missing-attribute', 'duplicate-name', 'unknown-dim', 'used-before-defined',
  'module-cycle', 'pattern-syntax', 'return-missing', 'only-in-models', 'lambda-place', 'too-many',
]) // prettier-ignore

/** Looks at a module that nothing calls. `memory` has the modules that were looked at with it. */
export function lookAlone(unit: ModuleUnit, memory: Memory): Alone {
  const isOpen = unit.declaration.parameters.some(({ type, standard }) => type.text === 'module' && !standard)
  const isOwn = (code: Code): boolean => (isOpen ? ofText.has(code) : !ofGuesses.has(code))
  let common: readonly Diagnostic[] | undefined
  for (const guess of guesses) {
    const found = tried(unit, guess, memory)
    if (found.length === 0) return { mistakes: [], isDecided: true }
    const places = new Set(found.map(keyOf))
    common = (common ?? found.filter(({ code }) => isOwn(code))).filter((each) => places.has(keyOf(each)))
    // What takes too long takes as long with other numbers.
    if (common.length === 0 || found.some(({ code }) => code === 'too-many')) break
  }
  return { mistakes: common ?? [], isDecided: (common ?? []).length > 0 }
}

const keyOf = (diagnostic: Diagnostic): string => {
  const { file, start, end } = placeOf(diagnostic)
  return `${diagnostic.code} ${file} ${start} ${end}`
}

/** The errors of one guess. */
function tried(unit: ModuleUnit, guess: Guess, memory: Memory): Diagnostic[] {
  const { declaration, file } = unit
  const found: Diagnostic[] = []
  const builder = new Builder()
  const report = (problem: Diagnostic): void => void (problem.severity === 'error' && found.push(problem))
  const e: Elaboration = { builder, calls: [], memory, report, mistakes: noMistakes() }
  const { text: owner, span } = declaration.name
  const around: Scope = { file, names: new Map(), sizes: new Map(), missing: new Set() }
  const given: NamedValues = new Map(
    declaration.parameters.flatMap((parameter) => {
      const text = parameter.standard ? undefined : textFor(parameter, guess)
      const expression = text === undefined ? undefined : parseExpression(file.source.file, text).expression
      return expression
        ? [[parameter.name.text, { expression: { ...expression, span: parameter.span }, nameSpan: parameter.span, here: () => ({ scope: around, place: nowhere, e }) }] as const] // prettier-ignore
        : []
    }),
  )
  bounded(e, owner, span, () =>
    attempt(e, () =>
      exactly(span, () => {
        const names = bindParameters({ owner, parameters: declaration.parameters, file, span }, given, { ...e, report: () => undefined }) // prettier-ignore
        e.mistakes.count = 0
        const scope: Scope = { ...around, names }
        const facts = factsOf(declaration.body, scope, e)
        const sizeNamed = (name: string, isChannels: boolean): Size => {
          const number = guess.size(isChannels, scope.sizes.size)
          const size = number === undefined ? factual(name, facts) : constant(number)
          scope.sizes.set(name, size)
          return size
        }
        const inputs = declaration.body.flatMap((statement) => {
          if (statement.kind !== 'input') return []
          const { axes, dtype } = statement.type
          const shape = axes.flatMap((axis, at): Size[] => {
            if (axis.kind === 'leading') return guess.int === 4 ? [symbol('B')] : ['B', 'h', 'w'].map(symbol)
            if (axis.kind === 'open') return [symbol(`?${at}`)]
            const { size } = axis
            if (size.kind === 'name' && !names.has(size.name))
              return [scope.sizes.get(size.name) ?? sizeNamed(size.name, at === axes.length - 1)]
            return [sizeOf(size, scope, e)]
          })
          const value = builder.input(statement.name.text, typed(shape, (dtype?.text ?? 'f32') as DType))
          return [{ value, span: statement.name.span }]
        })
        const call = { unit, inputs, named: given, path: '', span: declaration.span }
        return callModule(call, e)
      }),
    ),
  )
  return found
}

/** A value that a caller might give. */
function textFor({ type, list }: Parameter, { int }: Guess): string | undefined {
  const texts: Readonly<Record<string, string>> = {
    int: String(int),
    real: '0.5',
    bool: 'true',
    pair: String(int),
    init: 'zeros',
    module: 'relu',
  }
  const text = Object.hasOwn(texts, type.text) ? texts[type.text] : undefined
  return list && text !== undefined ? `[${text}, ${text}]` : text
}

/** Modules of a file that nothing looked at calls, those first that no other of them calls. */
export function uncalled(
  own: readonly ModuleUnit[],
  isKnown: (unit: ModuleUnit) => boolean,
  calls: (unit: ModuleUnit) => ReadonlySet<string>,
): ModuleUnit[] {
  const left = own.filter((unit) => !isKnown(unit))
  const called = new Set(left.flatMap((unit) => [...calls(unit)]))
  const isInner = ({ declaration }: ModuleUnit): boolean => called.has(declaration.name.text)
  return [...left.filter((unit) => !isInner(unit)), ...left.filter(isInner)]
}
