import type { ISerializedGast } from 'chevrotain'
import { ArchParser } from '../../grammar/parser.ts'
import { Documentation, Identifier, Num, Remark, Text } from '../../grammar/tokens.ts'
import { railroad } from './railroad.ts'

/** What a rule of the parser is made of. */
export type Part =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'token'; readonly name: string }
  | { readonly kind: 'rule'; readonly name: string }
  | { readonly kind: 'sequence'; readonly parts: readonly Part[] }
  | { readonly kind: 'choice'; readonly parts: readonly Part[] }
  | { readonly kind: 'optional'; readonly part: Part }
  | { readonly kind: 'many'; readonly part: Part; readonly between?: Part; readonly atLeast: 0 | 1 }

const words: Readonly<Record<string, { readonly name: string; readonly pattern: unknown; readonly sentence: string }>> = {
  Identifier: {
    name: 'NAME',
    pattern: Identifier.PATTERN,
    sentence: 'A name. The words of the language are names too, except where a declaration begins.',
  },
  Number: { name: 'NUMBER', pattern: Num.PATTERN, sentence: 'A number. A sign before it is an operator.' },
  String: { name: 'STRING', pattern: Text.PATTERN, sentence: 'A path, a title or a pattern. It ends on its line.' },
}

const comments = [
  { name: 'documentation', pattern: Documentation.PATTERN, sentence: 'Stands above a module, a model or a variant and says what it is.' },
  { name: 'remark', pattern: Remark.PATTERN, sentence: 'A remark. It may stand wherever a space may.' },
] // prettier-ignore

const chapters: readonly {
  readonly title: string
  readonly intro: string
  readonly rules: Readonly<Record<string, string>>
}[] = [
  {
    title: 'Files',
    intro: 'A file is a list of declarations.',
    rules: {
      file: 'At most one model with its presets and records and any number of modules, or one variant with its edits.',
      declaration: 'What may stand outside of braces.',
      importDeclaration: 'Takes a module from another file, named from the folder of this one.',
    },
  },
  {
    title: 'Modules and models',
    intro: 'What a network is made of.',
    rules: {
      moduleDeclaration: 'A module is called like an op. A model is compiled, trained and evaluated, and only it has slots, scales and roles.',
      parameter: 'A value that is known when compiling. Its type is `int`, `real`, `bool`, `pair`, `init`, `[int]` or `[real]`, or `module` for a part of the network.',
      statement: 'One line of a module or a model.',
      inputStatement: 'A tensor that comes in. Its axes bind the sizes, and `where` promises what the caller must keep.',
      outputStatement: 'What `return` must give. The name may be left out where there is one output.',
      scaleStatement: 'The enlargement: a range, drawn for each item, or one number for all.',
      slotStatement: 'A named hole: what goes in, what comes out, and what fills it unless a variant replaces it.',
      namedResult: 'One of several results of a slot.',
      letStatement: 'Gives a name to a value, or several names to several results.',
      weightStatement: "A learned tensor that is no op's own, and how it starts.",
      returnStatement: 'The outputs, in their order.',
    },
  },
  {
    title: 'Tensors',
    intro: 'What a tensor is, and what it means to the runtime.',
    rules: {
      tensorType: 'The axes. `i32` before them says that the values are integers.',
      axis: '`..` stands for any leading axes, `?` for a size that the filler decides; anything else is a size.',
      condition: 'A promise about sizes, such as `c % heads == 0`.',
      role: 'What the tensor means to the runtime: `as image in 0 .. 1`, `as enlarged by [resize(kernel: bicubic)]`.',
    },
  },
  {
    title: 'Presets and records',
    intro: 'Values by name. What is not declared cannot be named.',
    rules: {
      presetDeclaration: 'A named record of values for parameters and fields.',
      trainDeclaration: 'How the model is trained or evaluated.',
      record: 'Fields in braces. A comma between them may be left out.',
      field: 'A value, or a record of values.',
      trainRecord: 'Fields of `train`, and names for what its losses are made of.',
      trainField: 'A value, or a record of a slot that is trained by a loss of its own.',
      path: 'A name, or a name inside another, such as `encoder.depths`.',
    },
  },
  {
    title: 'Variants',
    intro: 'A file that says what it changes in a model.',
    rules: {
      variantDeclaration: 'The title of the variant, its model, and where that is.',
      replaceEdit: 'Puts another filler into a slot.',
      setEdit: 'Gives another value to a parameter or a field.',
    },
  },
  {
    title: 'Expressions',
    intro: 'From what binds least to what binds most.',
    rules: {
      expression: 'It is a lambda where `=>` follows the names.',
      lambda: 'Fills a slot without a module. `_` is an input that is not used.',
      pipeline:
        'A value handed from stage to stage: `x -> f -> g(out: 3)` is `g(f(x), out: 3)`. An operator beside `->` is read to say what may be meant, and refused: put parentheses.',
      stage: 'A call without its first tensor, or a repetition.',
      repetition: 'Stages a number of times, `repeat n as i`, or once for every element of a list, `repeat d in list`. With `collect` it gives the list of what all turns gave.',
      sum: 'Left to right.',
      product: 'Left to right. `%` is the remainder.',
      unary: 'A sign before a value.',
      postfix: 'One result by its name, `at.index`; or a part of a list or a tensor.',
      subscript: 'The first elements of a list, `list[.. k]`, or an entry for each axis, `x[.., 4:20]`.',
      sliceEntry: 'All axes that no entry names; a range without its end; or one position.',
      primary: 'A number, a string, a name, a call, a group or a list.',
      application: 'The name of an op or a module, or a call of it.',
      callArguments: 'Tensors first and without names, then a pattern where the op takes one, then attributes by their names.',
      argument: 'It is an attribute where `:` follows the name.',
    },
  },
]

const unquoted = (label: string): string => label.replace(/^'(.*)'$/, '$1')

/** What Chevrotain says of a rule; its own type leaves these out. */
interface Gast extends ISerializedGast {
  readonly name?: string
  readonly label?: string
  readonly separator?: Gast
}

function sequence(definition: readonly Gast[]): Part {
  const parts = definition.map(partOf)
  return parts.length === 1 ? parts[0]! : { kind: 'sequence', parts }
}

function partOf(gast: Gast): Part {
  const { definition = [], name = '', label = '', separator } = gast
  switch (gast.type) {
    case 'NonTerminal':
      return { kind: 'rule', name }
    case 'Terminal':
      return words[name] ? { kind: 'token', name: words[name].name } : { kind: 'literal', text: unquoted(label) }
    case 'Option':
      return { kind: 'optional', part: sequence(definition) }
    case 'Alternation':
      return { kind: 'choice', parts: definition.map(partOf) }
    case 'Repetition':
    case 'RepetitionWithSeparator':
    case 'RepetitionMandatory':
    case 'RepetitionMandatoryWithSeparator':
      return {
        kind: 'many',
        part: sequence(definition),
        ...(separator && { between: partOf(separator) }),
        atLeast: gast.type.startsWith('RepetitionMandatory') ? 1 : 0,
      }
    case 'Alternative':
    case 'Rule':
      return sequence(definition)
    default:
      throw new Error(`a part of the grammar is a ${gast.type}`)
  }
}

/** A part in EBNF; `isWithin` a repetition or an option, where several need parentheses. */
function ebnf(part: Part, isWithin = false): string {
  const grouped = (text: string): string => (isWithin ? `(${text})` : text)
  switch (part.kind) {
    case 'literal':
      return `'${part.text}'`
    case 'token':
    case 'rule':
      return part.name
    case 'sequence':
      return grouped(part.parts.map((each) => ebnf(each, each.kind === 'choice')).join(' '))
    case 'choice':
      return grouped(part.parts.map((each) => ebnf(each)).join(' | '))
    case 'optional':
      return `${ebnf(part.part, true)}?`
    case 'many': {
      const item = ebnf(part.part, true)
      if (!part.between) return `${item}${part.atLeast === 0 ? '*' : '+'}`
      const list = `${item} (${ebnf(part.between)} ${ebnf(part.part, part.part.kind === 'choice')})*`
      return part.atLeast === 0 ? `(${list})?` : grouped(list)
    }
  }
}

/** The rules that a part names. */
const named = (part: Part): string[] => {
  switch (part.kind) {
    case 'rule':
      return [part.name]
    case 'sequence':
    case 'choice':
      return part.parts.flatMap(named)
    case 'optional':
    case 'many':
      return named(part.part)
    case 'literal':
    case 'token':
      return []
  }
}

/** A rule on one line, or an alternative a line where that is long. */
function written(name: string, part: Part): string {
  const line = `${name} = ${ebnf(part)}`
  if (line.length <= 110 || part.kind !== 'choice') return line
  const indent = `\n${' '.repeat(name.length)} `
  return `${name} = ${part.parts.map((each) => ebnf(each)).join(`${indent}| `)}`
}

const link = (name: string): string => `[${name}](#${name.toLowerCase()})`

/** All files of the page, by their paths below `docs/`. */
export function grammarPage(): ReadonlyMap<string, string> {
  const productions: readonly Gast[] = new ArchParser().getSerializedGastProductions()
  const rules = new Map(productions.map((rule) => [rule.name ?? '', partOf(rule)]))
  const described = chapters.flatMap((chapter) => Object.keys(chapter.rules))
  const missing = [...rules.keys()].filter((name) => !described.includes(name))
  if (missing.length > 0) throw new Error(`without a sentence in grammar-page.ts: ${missing.join(', ')}`)

  const section = (name: string, sentence: string): string => {
    const part = rules.get(name)
    if (!part) throw new Error(`grammar-page.ts describes ${name}, which is no rule of the parser`)
    const users = [...rules].filter(([, other]) => named(other).includes(name)).map(([user]) => user)
    return [
      `### ${name}`,
      `${sentence}${users.length > 0 ? ` Used in ${users.map(link).join(', ')}.` : ''}`,
      `![${name}](images/grammar/${name}.svg)`,
      `\`\`\`ebnf\n${written(name, part)}\n\`\`\``,
    ].join('\n\n')
  }
  const rows = [...Object.values(words), ...comments]
  const page = [
    '# The grammar',
    'Every rule of the parser, as a diagram and in EBNF: `?` is at most once, `*` any number of times, `+` at least once, `|` or. Words and signs of the language stand in quotes. [language.md](language.md) says what they mean.',
    'This page is written by its test from `grammar/parser.ts`: `UPDATE=1 npx vitest run test/docs/grammar.test.ts`.',
    chapters.map(({ title, rules: inside }) => `- ${title}: ${Object.keys(inside).map(link).join(', ')}`).join('\n'),
    ...chapters.flatMap(({ title, intro, rules: inside }) => [
      `## ${title}`,
      intro,
      ...Object.entries(inside).map(([name, sentence]) => section(name, sentence)),
    ]),
    '## Words',
    'Spaces and ends of lines only keep words apart.',
    ['| | pattern | |', '|---|---|---|', ...rows.map(({ name, pattern, sentence }) => `| ${name} | \`${String(pattern).slice(1, -1).replaceAll('\\/', '/')}\` | ${sentence} |`)].join('\n'), // prettier-ignore
  ].join('\n\n')
  return new Map([
    ['grammar.md', `${page}\n`],
    ...[...rules].map(([name, part]) => [`images/grammar/${name}.svg`, railroad(part)] as const),
  ])
}
