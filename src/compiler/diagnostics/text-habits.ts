/**
 * What people write who come from Python, and what is written here: the parser goes by these tables where it mends a text
 * (syntax/mend.ts). Habits in names are in habits.ts.
 */

/**
 * A habit that shows in the words of a text: `inside` a module or record or `outside`, the rule of the grammar that is broken, up
 * to eight words before, ‸, and from the first wrong one on the rest of its line.
 */
export interface TextHabit {
  readonly pattern: RegExp
  /** Where the habit begins, counted in words from the wrong one. */
  readonly from?: number
  readonly expected: string
  readonly help: string
  /** The words that go, counted from the wrong one, and what stands there then. */
  readonly fix?: { readonly title: string; readonly from: number; readonly to: number; readonly text: string }
}

const name = '(?<name>[A-Za-z_]\\w*)'
const prefix = '(nn|F|torch|tf|np|keras|layers|functional)'

export const textHabits: readonly TextHabit[] = [
  {
    pattern: new RegExp(`^\\w+ (callArguments|field|trainField): .*?${name} ‸ = (?<value>.*?)(?= [,)}]|$)`),
    expected: "':'",
    help: 'a name and its value are joined by a colon: $<name>: $<value>',
    fix: { title: 'write $<name>: $<value>', from: 0, to: 1, text: ': ' },
  },
  {
    pattern: new RegExp(`^\\w+ parameter: .*?${name} ‸ = (?<value>-? ?\\d+)(?= [,)])`),
    expected: "':' and a type",
    help: 'a parameter has a type: $<name>: int = $<value>',
    fix: { title: 'write $<name>: int = $<value>', from: 0, to: 1, text: ': int = ' },
  },
  {
    pattern: new RegExp(`^inside .*‸ ${name} = `),
    expected: 'let before a new name',
    help: 'write let $<name> = ..; a name is given once',
    fix: { title: 'write let $<name> = ..', from: 0, to: 0, text: 'let ' },
  },
  {
    pattern: new RegExp(`‸ (const|var|val|auto) ${name} = `),
    expected: 'let before a new name',
    help: 'write let $<name> = ..',
    fix: { title: 'write let $<name> = ..', from: 0, to: 1, text: 'let' },
  },
  {
    pattern: /^inside .*‸ (?<first>[A-Za-z_]\w*) , (?<second>[A-Za-z_]\w*) = /,
    expected: 'let before new names',
    help: 'several results have their names in a parenthesis: let ($<first>, $<second>) = ..',
    fix: { title: 'write let ($<first>, $<second>) = ..', from: 0, to: 3, text: 'let ($<first>, $<second>)' },
  },
  {
    pattern: new RegExp(`^inside .*‸ ${name} [-+*/] = `),
    expected: 'let before a new name',
    help: 'no value changes: let a new name stand for $<name> + ..',
  },
  {
    pattern: /^outside .*‸ [A-Za-z_]\w* = /,
    expected: 'a declaration',
    help: 'let stands inside a module or a model; a number that many of its lines share is a parameter: model Net(width: int = 64) { .. }',
  },
  {
    pattern: /‸ (for|while) /,
    expected: 'a statement',
    help: 'there are no loops: a layer that stands n times is a stage, x -> repeat 4 { Block() }; repeat 4 as i names the turn, repeat d in [2, 4] walks a list',
  },
  {
    pattern: /(^|\W)if ‸/,
    from: -1,
    expected: 'a value',
    help: 'there is no if: a choice is a slot, which a variant fills anew, or a parameter, which a preset sets; repeat n { .. } with n = 0 leaves its stages out',
  },
  {
    pattern: /‸ (if|elif|else|switch|match) /,
    expected: 'a statement',
    help: 'there is no if: a choice is a slot, which a variant fills anew, or a parameter, which a preset sets; repeat n { .. } with n = 0 leaves its stages out',
  },
  {
    pattern: /‸ (def|class|fn|func|function) /,
    expected: 'a declaration',
    help: 'a reusable piece is module Block { input x: [B, h, w, c] output [B, h, w, c] return x -> .. }; what is trained is a model',
  },
  {
    pattern: /: (.* )?import [A-Za-z_]\w* ‸ (?!from )/,
    from: -2,
    expected: 'import NAME from "./FILE.arch"',
    help: 'ops are there without an import; import Block from "./block.arch" takes a module from a file',
  },
  {
    pattern: /: (.* )?import [A-Za-z_]\w* from ‸ [A-Za-z_]/,
    from: -3,
    expected: 'import NAME from "./FILE.arch"',
    help: 'ops are there without an import; import Block from "./block.arch" takes a module from a file',
  },
  {
    pattern: /‸ from \w+ .*import /,
    expected: 'import NAME from "./FILE.arch"',
    help: 'ops are there without an import; import Block from "./block.arch" takes a module from a file',
  },
  {
    pattern: new RegExp(`\\W${prefix} \\. \\w+ ‸ \\(`),
    expected: 'an op',
    help: 'ops stand without a prefix: conv(x, out: 64, kernel: 3), relu(x)',
    fix: { title: 'leave the prefix out', from: -3, to: -1, text: '' },
  },
  {
    pattern: new RegExp(`-> ${prefix} ‸ \\. \\w+`),
    expected: 'an op',
    help: 'ops stand without a prefix: x -> conv(out: 64, kernel: 3) -> relu',
    fix: { title: 'leave the prefix out', from: -1, to: 1, text: '' },
  },
  {
    pattern: /\Wself \. \w+ ‸ \(/,
    expected: 'an op or a module',
    help: 'nothing is kept in self: a layer is called where it stands, conv(x, out: 64, kernel: 3), and owns its weights there',
    fix: { title: 'leave self out', from: -3, to: -1, text: '' },
  },
  {
    pattern: /[)\]] \. (?<op>\w+) ‸ \(/,
    expected: "'->'",
    help: 'a value goes into an op by an arrow: x -> $<op>(..)',
    fix: { title: 'write -> $<op>(..)', from: -2, to: -1, text: ' -> ' },
  },
  {
    pattern: /\) ‸ \. (?<op>\w+) \(/,
    expected: "'->'",
    help: 'a value goes into an op by an arrow: x -> $<op>(..)',
    fix: { title: 'write -> $<op>(..)', from: 0, to: 1, text: ' -> ' },
  },
  {
    pattern: /(?<!\. )(?<x>[A-Za-z_]\w*) \. (?<op>\w+) ‸ \( \)/,
    expected: 'a call',
    help: 'values have no methods: $<op>($<x>) or $<x> -> $<op>',
    fix: { title: 'write $<op>($<x>)', from: -3, to: 2, text: '$<op>($<x>)' },
  },
  {
    pattern: /(?<!\. )(?<x>[A-Za-z_]\w*) \. (?<op>\w+) ‸ \(/,
    expected: 'a call',
    help: 'values have no methods: $<op>($<x>, ..) or $<x> -> $<op>(..)',
    fix: { title: 'write $<op>($<x>, ..)', from: -3, to: 1, text: '$<op>($<x>, ' },
  },
  {
    pattern: /\) ‸ \( (?<x>[A-Za-z_]\w*) \)/,
    expected: 'one call',
    help: 'a layer takes its input where its attributes stand: conv($<x>, out: 64, kernel: 3) or $<x> -> conv(out: 64, kernel: 3)',
  },
  {
    pattern: /\Wrepeat [^{]*\{ (‸ \(|[A-Za-z_]\w* ‸ (=>|[-+*/]))/,
    expected: 'the name of a layer',
    help: 'repeat holds stages of a pipeline, repeat 4 { conv(out: 64, kernel: 3) -> relu }; what needs a name for its input is a module: repeat 4 { Block() }',
  },
  {
    pattern: /\Wlambda ‸ (?<x>\w+) :/,
    expected: "'=>'",
    help: 'a function of one value is ($<x>) => ..; it stands only as a filler of a slot',
    fix: { title: 'write ($<x>) => ..', from: -1, to: 2, text: '($<x>) =>' },
  },
  {
    pattern: /[[,] \.\. ‸ \. [,\]]/,
    from: -1,
    expected: "','",
    help: 'all axes that no entry names are two dots: x[.., 4:20]',
    fix: { title: 'write ..', from: 0, to: 1, text: '' },
  },
  {
    pattern: /[[:] (\w+ )?‸ :/,
    expected: 'where it ends',
    help: 'a slice has no step: every second row is rearrange(x, "B (h k) w c -> B h k w c", k: 2)[:, :, 0]',
  },
  {
    pattern: /\* ‸ \*/,
    from: -1,
    expected: 'one operator',
    help: 'there is no **: x * x of a tensor, pow(2, 3) of numbers',
  },
  {
    pattern: /\W((module|model|preset) [A-Za-z_]\w*( \(.*\))?|train|evaluate|repeat [^{]*) ‸ :/,
    expected: "'{'",
    help: 'a body stands in braces: { .. }',
  },
  {
    pattern: /, ‸ [)\]]/,
    from: -1,
    expected: 'no comma behind the last',
    help: 'commas stand between',
    fix: { title: 'leave the comma out', from: -1, to: 0, text: '' },
  },
  {
    pattern: /^\w+ primary: .*\( [^()]*‸ ,/,
    expected: "')'",
    help: 'a parenthesis holds one value, and a pipeline carries one: several are arguments of a call, f(a, b), or each has a let of its own',
  },
]

/** A habit that characters show which nothing begins with here. */
export interface CharacterHabit {
  readonly pattern: RegExp
  readonly help: string
  /** What to write for it. */
  readonly write: string
  /** What the parser reads instead, as long as it. */
  readonly read: (found: string) => string
}

const blank = (found: string): string => ' '.repeat(found.length)

export const characterHabits: readonly CharacterHabit[] = [
  { pattern: /^#(?<said>.*)/, help: 'a remark begins with //', write: '//$<said>', read: blank },
  {
    pattern: /^'(?<said>[^'"\r\n]*)'/,
    help: 'a string stands in double quotes: "$<said>"',
    write: '"$<said>"',
    read: (found) => `"${found.slice(1, -1)}"`,
  },
  { pattern: /^;(?=[ \t]*(\/\/|#|\r|\n|$))/, help: 'a statement ends where the next one begins', write: '', read: blank },
]
