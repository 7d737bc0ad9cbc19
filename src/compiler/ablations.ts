import { check, compile, type CompilerHost } from './index.ts'
import { parameterCount } from './ir/graph.ts'
import { Program, type ModelUnit } from './names/program.ts'
import type { Expression, ModuleDeclaration, Statement } from './syntax/tree.ts'

/** A variant that somebody may begin with. */
export interface ProposedVariant {
  /** Of its file: `wo-lfi`. */
  readonly name: string
  readonly text: string
}

/**
 * Variants that take something out of a model: a slot whose input leaves as it is or which gives nothing, and where there are few such slots,
 * half of a number. Each is proved for every preset, with nothing to say about it; what would take most weights out is none.
 */
export function proposeAblations(file: string, host: CompilerHost): ProposedVariant[] {
  const { model, variant, keepsHalf, holds } = workshop(file, host)
  const slots = slotsOf(model).flatMap(({ name, takes, filler }) => {
    if (isConstant(filler)) return []
    const fillers = [
      ...takes.map((_, at) => [lambda(takes.length, at), 'what comes in leaves as it is']),
      [lambda(takes.length), 'it gives nothing'],
    ]
    return fillers
      .map(([by, how]) =>
        variant(`wo-${name.text}`, `w/o ${name.text}`, `Without ${name.text}: ${how}.`, `replace ${name.text} with ${by}`),
      ) // prettier-ignore
      .filter((proposed) => keepsHalf(proposed) && holds(proposed))
      .slice(0, 1)
  })
  if (slots.length > 1) return slots
  const halves = numbersOf(model).map(([path, value]) =>
    variant(`half-${path.replace('.', '-')}`, `half ${path}`, `Half of ${path}.`, `set ${path} = ${Math.floor(value / 2)}`),
  )
  return [...slots, ...halves.filter(holds)]
}

/** A variant for its owner to change: a linear layer in place of a slot or, where no slot takes one, twice of a number. */
export function proposeOwn(file: string, host: CompilerHost): ProposedVariant | undefined {
  const { model, variant, keepsHalf, holds } = workshop(file, host)
  const mine = (what: string, edit: string): ProposedVariant => variant('mine', 'mine', `Yours to change: ${what}.`, edit)
  const layers = slotsOf(model).flatMap(({ name, takes, gives, filler }) => {
    const size = [gives[0]?.type, takes[0]].map((type) => type?.axes.at(-1)).find((axis) => axis?.kind === 'size')
    if (takes.length !== 1 || gives.length !== 1 || isConstant(filler) || !size) return []
    const out = model.file.source.text.slice(size.span.start, size.span.end)
    return mine(`a linear layer in place of ${name.text}`, `replace ${name.text} with (x) => linear(x, out: ${out})`)
  })
  const doubles = numbersOf(model).map(([path, value]) => mine(`twice ${path}`, `set ${path} = ${2 * value}`))
  return [...layers.filter(keepsHalf), ...doubles.reverse()].find(holds)
}

/** What proposals are made and tried with. */
function workshop(file: string, host: CompilerHost) {
  const unit = new Program(host).load(file)
  const model = [...(unit?.models.values() ?? [])][0]
  if (!model) throw new Error(`${file} has no model to vary`)
  const weights = (name: string, door: CompilerHost): number => {
    const compiled = compile(name, door).model
    return compiled ? parameterCount(compiled.graph) : 0
  }
  const tried = 'proposed.arch'
  const hostOf = ({ text }: ProposedVariant): CompilerHost => ({
    read: (name) => (name === tried ? { text } : host.read(name)),
    resolve: (from, to) => (from === tried ? file : host.resolve(from, to)),
  })
  const half = weights(file, host) / 2
  return {
    model,
    variant: (name: string, title: string, about: string, edit: string): ProposedVariant => ({
      name,
      text: `/// ${about}\nvariant "${title}" of ${model.declaration.name.text} from "${file}"\n${edit}\n`,
    }),
    keepsHalf: (proposed: ProposedVariant): boolean => weights(tried, hostOf(proposed)) > half,
    holds: (proposed: ProposedVariant): boolean => check([tried], hostOf(proposed)).diagnostics.length === 0,
  }
}

const slotsOf = ({ declaration }: ModelUnit): Extract<Statement, { kind: 'slot' }>[] =>
  declaration.body.filter((statement) => statement.kind === 'slot')

/** Nothing is there that could be taken out. */
const isConstant = (filler: Expression): boolean => filler.kind === 'lambda' && filler.body.kind === 'number'

/** `(_, x) => x`; without a place `(_, _) => 0`. */
const lambda = (count: number, at?: number): string =>
  `(${Array.from({ length: count }, (_, each) => (each === at ? 'x' : '_')).join(', ')}) => ${at === undefined ? 0 : 'x'}`

/** Whole numbers that decide how large a network is: its own parameters or, where it has none, those of what fills its slots. */
function numbersOf(model: ModelUnit): (readonly [path: string, value: number])[] {
  const of = ({ parameters }: ModuleDeclaration, prefix: string): (readonly [string, number])[] =>
    parameters.flatMap(({ name, type, list, standard }) =>
      type.text === 'int' && !list && standard?.kind === 'number' && Number(standard.text) > 1
        ? [[`${prefix}${name.text}`, Number(standard.text)] as const]
        : [],
    )
  const own = of(model.declaration, '')
  if (own.length > 0) return own
  return slotsOf(model).flatMap(({ name, filler }) => {
    const module = filler.kind === 'call' ? model.file.modules.get(filler.callee.text) : undefined
    return module ? of(module.declaration, `${name.text}.`) : []
  })
}
