import { EmbeddedActionsParser, type IToken } from 'chevrotain'
import type { Span } from '../src/compiler/diagnostics/diagnostic.ts'
import type * as tree from '../src/compiler/syntax/tree.ts'
import * as t from './tokens.ts'

/** An operator beside `->` without parentheses, with the ways to write what may be meant: signs and where they go. */
export interface MixedPipeline {
  readonly span: Span
  readonly operator: Span
  readonly readings: readonly (readonly { readonly at: number; readonly text: string }[])[]
}

/**
 * The grammar of `.arch` files, one method a rule. The parser stops at the first error; `syntax/parse.ts` takes the
 * broken statement out and parses again, which is how several errors are found in one run.
 */
export class ArchParser extends EmbeddedActionsParser {
  #file = ''
  #documentation: readonly IToken[] = []
  /** Found in the last text that was parsed. */
  mixed: MixedPipeline[] = []

  constructor() {
    super(t.allTokens, { maxLookahead: 2, recoveryEnabled: false })
    this.performSelfAnalysis()
  }

  /** Parses all tokens of a file. */
  parseFile(file: string, tokens: IToken[], documentation: readonly IToken[]): tree.Declaration[] {
    this.#file = file
    this.mixed = []
    this.#documentation = documentation
    this.input = tokens
    return this.file()
  }

  /** Parses one expression, as it stands behind `--set path=`. */
  parseExpression(file: string, tokens: IToken[]): tree.Expression {
    this.#file = file
    this.mixed = []
    this.input = tokens
    return this.expression()
  }

  private span(from: { span: Span } | IToken, to: { span: Span } | IToken): Span {
    const start = 'span' in from ? from.span.start : from.startOffset
    const end = 'span' in to ? to.span.end : to.startOffset + to.image.length
    return { file: this.#file, start, end }
  }

  private nameOf(token: IToken): tree.Name {
    return { text: token.image, span: this.span(token, token) }
  }

  /** The `///` lines that stand directly above `token`. */
  private documentationAbove(token: IToken, previousEnd: number): string {
    return this.#documentation
      .filter((line) => line.startOffset >= previousEnd && line.startOffset < token.startOffset)
      .map((line) => line.image.slice(3).trim())
      .join('\n')
  }

  private file = this.RULE('file', (): tree.Declaration[] => {
    const declarations: tree.Declaration[] = []
    this.MANY(() => declarations.push(this.SUBRULE(this.declaration)))
    return declarations
  })

  private declaration = this.RULE('declaration', (): tree.Declaration => {
    const previousEnd = this.ACTION(() => {
      const last = this.LA(0)
      return Number.isFinite(last?.startOffset) && last.image ? last.startOffset + last.image.length : 0
    })
    return this.OR([
      { ALT: () => this.SUBRULE(this.importDeclaration) },
      { ALT: () => this.SUBRULE(this.moduleDeclaration, { ARGS: [previousEnd] }) },
      { ALT: () => this.SUBRULE(this.presetDeclaration) },
      { ALT: () => this.SUBRULE(this.trainDeclaration) },
      { ALT: () => this.SUBRULE(this.variantDeclaration, { ARGS: [previousEnd] }) },
      { ALT: () => this.SUBRULE(this.replaceEdit) },
      { ALT: () => this.SUBRULE(this.setEdit) },
    ])
  })

  private importDeclaration = this.RULE('importDeclaration', (): tree.Declaration => {
    const first = this.CONSUME(t.Import)
    const name = this.CONSUME(t.Identifier)
    this.CONSUME(t.From)
    const from = this.CONSUME(t.Text)
    return this.ACTION(() => ({
      kind: 'import',
      name: this.nameOf(name),
      from: from.image.slice(1, -1),
      fromSpan: this.span(from, from),
      span: this.span(first, from),
    }))
  })

  private moduleDeclaration = this.RULE('moduleDeclaration', (previousEnd: number): tree.ModuleDeclaration => {
    const first = this.OR([{ ALT: () => this.CONSUME(t.Module) }, { ALT: () => this.CONSUME(t.Model) }])
    const name = this.CONSUME(t.Identifier)
    const parameters: tree.Parameter[] = []
    this.OPTION(() => {
      this.CONSUME(t.OpenParen)
      this.MANY_SEP({ SEP: t.Comma, DEF: () => parameters.push(this.SUBRULE(this.parameter)) })
      this.CONSUME(t.CloseParen)
    })
    this.CONSUME(t.OpenBrace)
    const body: tree.Statement[] = []
    this.MANY(() => body.push(this.SUBRULE(this.statement)))
    const last = this.CONSUME(t.CloseBrace)
    return this.ACTION(() => ({
      kind: first.image as 'module' | 'model',
      name: this.nameOf(name),
      parameters,
      body,
      documentation: this.documentationAbove(first, previousEnd),
      span: this.span(first, last),
    }))
  })

  private parameter = this.RULE('parameter', (): tree.Parameter => {
    const name = this.CONSUME(t.Identifier)
    this.CONSUME(t.Colon)
    let list = false
    const type = this.OR([
      { ALT: () => this.CONSUME2(t.Identifier) },
      {
        ALT: () => {
          list = true
          this.CONSUME(t.OpenSquare)
          const inner = this.CONSUME3(t.Identifier)
          this.CONSUME(t.CloseSquare)
          return inner
        },
      },
    ])
    const standard = this.OPTION(() => {
      this.CONSUME(t.Equals)
      return this.SUBRULE(this.expression)
    })
    return this.ACTION(() => ({
      name: this.nameOf(name),
      type: this.nameOf(type),
      list,
      ...(standard && { standard }),
      span: this.span(name, standard ?? type),
    }))
  })

  private presetDeclaration = this.RULE('presetDeclaration', (): tree.Declaration => {
    const first = this.CONSUME(t.Preset)
    const name = this.CONSUME(t.Identifier)
    const record = this.SUBRULE(this.record)
    return this.ACTION(() => ({ kind: 'preset', name: this.nameOf(name), record, span: this.span(first, record) }))
  })

  private trainDeclaration = this.RULE('trainDeclaration', (): tree.Declaration => {
    const { first, record } = this.OR([
      { ALT: () => ({ first: this.CONSUME(t.Train), record: this.SUBRULE(this.trainRecord) }) },
      { ALT: () => ({ first: this.CONSUME(t.Evaluate), record: this.SUBRULE(this.record) }) },
    ])
    return this.ACTION(() => ({ kind: first.image as 'train' | 'evaluate', record, span: this.span(first, record) }))
  })

  /** A record in which losses may give names to what they are made of. */
  private trainRecord = this.RULE('trainRecord', (): tree.Record => {
    const first = this.CONSUME(t.OpenBrace)
    const fields: tree.Field[] = []
    const lets: tree.LetStatement[] = []
    this.MANY({
      MAX_LOOKAHEAD: 1,
      DEF: () => {
        this.OR({
          MAX_LOOKAHEAD: 1,
          DEF: [
            { ALT: () => lets.push(this.SUBRULE(this.letStatement) as tree.LetStatement), IGNORE_AMBIGUITIES: true },
            { ALT: () => fields.push(this.SUBRULE(this.trainField)) },
          ],
        })
        this.OPTION(() => this.CONSUME(t.Comma))
      },
    })
    const last = this.CONSUME(t.CloseBrace)
    return this.ACTION(() => ({ fields, ...(lets.length > 0 && { lets }), span: this.span(first, last) }))
  })

  private trainField = this.RULE('trainField', () => this.fieldOf(() => this.SUBRULE(this.trainRecord)))

  private record = this.RULE('record', (): tree.Record => {
    const first = this.CONSUME(t.OpenBrace)
    const fields: tree.Field[] = []
    this.MANY(() => {
      fields.push(this.SUBRULE(this.field))
      this.OPTION(() => this.CONSUME(t.Comma))
    })
    const last = this.CONSUME(t.CloseBrace)
    return this.ACTION(() => ({ fields, span: this.span(first, last) }))
  })

  private field = this.RULE('field', () => this.fieldOf(() => this.SUBRULE(this.record)))

  /** A field whose value is an expression, or a record of the kind that it stands in. */
  private fieldOf(record: () => tree.Record): tree.Field {
    const path = this.SUBRULE(this.path)
    const value = this.OR<tree.Expression | tree.Record>([
      {
        ALT: () => {
          this.CONSUME(t.Colon)
          return this.SUBRULE(this.expression)
        },
      },
      { ALT: record },
    ])
    return this.ACTION(() => ({ path, value, span: this.span(path[0]!, value) }))
  }

  private path = this.RULE('path', (): tree.Name[] => {
    const names: tree.Name[] = []
    this.AT_LEAST_ONE_SEP({
      SEP: t.Dot,
      DEF: () => {
        const token = this.CONSUME(t.Identifier)
        this.ACTION(() => names.push(this.nameOf(token)))
      },
    })
    return names
  })

  private variantDeclaration = this.RULE('variantDeclaration', (previousEnd: number): tree.Declaration => {
    const first = this.CONSUME(t.Variant)
    const title = this.CONSUME(t.Text)
    this.CONSUME(t.Of)
    const base = this.CONSUME(t.Identifier)
    this.CONSUME(t.From)
    const from = this.CONSUME2(t.Text)
    return this.ACTION(() => ({
      kind: 'variant',
      title: title.image.slice(1, -1),
      base: this.nameOf(base),
      from: from.image.slice(1, -1),
      fromSpan: this.span(from, from),
      documentation: this.documentationAbove(first, previousEnd),
      span: this.span(first, from),
    }))
  })

  private replaceEdit = this.RULE('replaceEdit', (): tree.Edit => {
    const first = this.CONSUME(t.Replace)
    const slot = this.CONSUME(t.Identifier)
    this.CONSUME(t.With)
    const filler = this.SUBRULE(this.expression)
    return this.ACTION(() => ({ kind: 'replace', slot: this.nameOf(slot), filler, span: this.span(first, filler) }))
  })

  private setEdit = this.RULE('setEdit', (): tree.Edit => {
    const first = this.CONSUME(t.Set)
    const path = this.SUBRULE(this.path)
    this.CONSUME(t.Equals)
    const value = this.SUBRULE(this.expression)
    return this.ACTION(() => ({ kind: 'set', path, value, span: this.span(first, value) }))
  })

  private statement = this.RULE('statement', (): tree.Statement =>
    this.OR<tree.Statement>([
      { ALT: () => this.SUBRULE(this.inputStatement) },
      { ALT: () => this.SUBRULE(this.outputStatement) },
      { ALT: () => this.SUBRULE(this.scaleStatement) },
      { ALT: () => this.SUBRULE(this.slotStatement) },
      { ALT: () => this.SUBRULE(this.letStatement) },
      { ALT: () => this.SUBRULE(this.weightStatement) },
      { ALT: () => this.SUBRULE(this.returnStatement) },
    ]),
  )

  private inputStatement = this.RULE('inputStatement', (): tree.Statement => {
    const first = this.CONSUME(t.Input)
    const name = this.CONSUME(t.Identifier)
    this.CONSUME(t.Colon)
    const type = this.SUBRULE(this.tensorType)
    const role = this.OPTION(() => this.SUBRULE(this.role))
    const where: tree.Condition[] = []
    this.OPTION2(() => {
      this.CONSUME(t.Where)
      this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => where.push(this.SUBRULE(this.condition)) })
    })
    return this.ACTION(() => ({
      kind: 'input',
      name: this.nameOf(name),
      type,
      ...(role && { role }),
      where,
      span: this.span(first, where.at(-1) ?? role ?? type),
    }))
  })

  private condition = this.RULE('condition', (): tree.Condition => {
    const left = this.SUBRULE(this.sum)
    const operator = this.OR([{ ALT: () => this.CONSUME(t.EqualEqual) }, { ALT: () => this.CONSUME(t.AtLeast) }])
    const right = this.SUBRULE2(this.sum)
    return this.ACTION(() => ({ left, operator: operator.image as '==' | '>=', right, span: this.span(left, right) }))
  })

  private outputStatement = this.RULE('outputStatement', (): tree.Statement => {
    const first = this.CONSUME(t.Output)
    const name = this.OPTION({
      GATE: () => this.LA(2).tokenType === t.Colon,
      DEF: () => {
        const token = this.CONSUME(t.Identifier)
        this.CONSUME(t.Colon)
        return token
      },
    })
    const type = this.SUBRULE(this.tensorType)
    const role = this.OPTION2(() => this.SUBRULE(this.role))
    return this.ACTION(() => ({
      kind: 'output',
      ...(name && { name: this.nameOf(name) }),
      type,
      ...(role && { role }),
      span: this.span(first, role ?? type),
    }))
  })

  private role = this.RULE('role', (): tree.Role => {
    const first = this.CONSUME(t.As)
    const name = this.CONSUME(t.Identifier)
    const range = this.OPTION(() => {
      this.CONSUME(t.In)
      const from = this.SUBRULE(this.sum)
      this.CONSUME(t.DotDot)
      return { from, to: this.SUBRULE2(this.sum) }
    })
    const by = this.OPTION2(() => {
      this.CONSUME(t.By)
      return this.SUBRULE(this.expression)
    })
    return this.ACTION(() => ({
      name: this.nameOf(name),
      ...(range && { range }),
      ...(by && { by }),
      span: this.span(first, by ?? range?.to ?? name),
    }))
  })

  private scaleStatement = this.RULE('scaleStatement', (): tree.Statement => {
    const first = this.CONSUME(t.Scale)
    const name = this.CONSUME(t.Identifier)
    return this.OR<tree.Statement>([
      {
        ALT: () => {
          this.CONSUME(t.In)
          const from = this.SUBRULE(this.sum)
          this.CONSUME(t.DotDot)
          const to = this.SUBRULE2(this.sum)
          return this.ACTION(() => ({ kind: 'scale', name: this.nameOf(name), from, to, span: this.span(first, to) }))
        },
      },
      {
        ALT: () => {
          this.CONSUME(t.Equals)
          const fixed = this.SUBRULE(this.expression)
          return this.ACTION(() => ({ kind: 'scale', name: this.nameOf(name), fixed, span: this.span(first, fixed) }))
        },
      },
    ])
  })

  private slotStatement = this.RULE('slotStatement', (): tree.Statement => {
    const first = this.CONSUME(t.Slot)
    const name = this.CONSUME(t.Identifier)
    const frozen = this.OPTION(() => this.CONSUME(t.Frozen))
    this.CONSUME(t.Colon)
    const takes: tree.TensorType[] = []
    const start = this.LA(1)
    this.OR([
      { ALT: () => takes.push(this.SUBRULE(this.tensorType)) },
      {
        ALT: () => {
          this.CONSUME(t.OpenParen)
          this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => takes.push(this.SUBRULE2(this.tensorType)) })
          this.CONSUME(t.CloseParen)
        },
      },
    ])
    this.CONSUME(t.Arrow)
    const gives: tree.Result[] = []
    this.OR2([
      {
        ALT: () => {
          const type = this.SUBRULE3(this.tensorType)
          gives.push(this.ACTION(() => ({ type, span: type.span })))
        },
      },
      {
        ALT: () => {
          this.CONSUME2(t.OpenParen)
          this.AT_LEAST_ONE_SEP2({ SEP: t.Comma, DEF: () => gives.push(this.SUBRULE(this.namedResult)) })
          this.CONSUME2(t.CloseParen)
        },
      },
    ])
    const end = this.LA(0)
    this.CONSUME(t.Equals)
    const filler = this.SUBRULE(this.expression)
    return this.ACTION(() => ({
      kind: 'slot',
      name: this.nameOf(name),
      ...(frozen && { frozen: this.nameOf(frozen) }),
      takes,
      gives,
      contractSpan: this.span(start, end),
      filler,
      span: this.span(first, filler),
    }))
  })

  private namedResult = this.RULE('namedResult', (): tree.Result => {
    const name = this.CONSUME(t.Identifier)
    this.CONSUME(t.Colon)
    const type = this.SUBRULE(this.tensorType)
    return this.ACTION(() => ({ name: this.nameOf(name), type, span: this.span(name, type) }))
  })

  private letStatement = this.RULE('letStatement', (): tree.Statement => {
    const first = this.CONSUME(t.Let)
    const names: IToken[] = []
    let tuple = false
    this.OR([
      { ALT: () => names.push(this.CONSUME(t.Identifier)) },
      {
        ALT: () => {
          tuple = true
          this.CONSUME(t.OpenParen)
          this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => names.push(this.CONSUME2(t.Identifier)) })
          this.CONSUME(t.CloseParen)
        },
      },
    ])
    this.CONSUME(t.Equals)
    const value = this.SUBRULE(this.expression)
    return this.ACTION(() => ({
      kind: 'let',
      names: names.map((token) => this.nameOf(token)),
      tuple,
      value,
      span: this.span(first, value),
    }))
  })

  private weightStatement = this.RULE('weightStatement', (): tree.Statement => {
    const first = this.CONSUME(t.Weight)
    const name = this.CONSUME(t.Identifier)
    this.CONSUME(t.Colon)
    const type = this.SUBRULE(this.tensorType)
    this.CONSUME(t.Equals)
    const initialiser = this.SUBRULE(this.expression)
    return this.ACTION(() => ({
      kind: 'weight',
      name: this.nameOf(name),
      type,
      initialiser,
      span: this.span(first, initialiser),
    }))
  })

  private returnStatement = this.RULE('returnStatement', (): tree.Statement => {
    const first = this.CONSUME(t.Return)
    const values: tree.Expression[] = []
    this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => values.push(this.SUBRULE(this.expression)) })
    return this.ACTION(() => ({ kind: 'return', values, span: this.span(first, values.at(-1)!) }))
  })

  private tensorType = this.RULE('tensorType', (): tree.TensorType => {
    const dtype = this.OPTION(() => this.CONSUME(t.Identifier))
    const open = this.CONSUME(t.OpenSquare)
    const axes: tree.Axis[] = []
    this.MANY_SEP({ SEP: t.Comma, DEF: () => axes.push(this.SUBRULE(this.axis)) })
    const close = this.CONSUME(t.CloseSquare)
    return this.ACTION(() => ({ ...(dtype && { dtype: this.nameOf(dtype) }), axes, span: this.span(dtype ?? open, close) }))
  })

  private axis = this.RULE('axis', (): tree.Axis =>
    this.OR<tree.Axis>([
      {
        ALT: () => {
          const token = this.CONSUME(t.DotDot)
          return this.ACTION(() => ({ kind: 'leading', span: this.span(token, token) }))
        },
      },
      {
        ALT: () => {
          const token = this.CONSUME(t.Question)
          const name = this.OPTION(() => this.CONSUME(t.Identifier))
          return this.ACTION(() => ({
            kind: 'open',
            ...(name && { name: this.nameOf(name) }),
            span: this.span(token, name ?? token),
          }))
        },
      },
      {
        ALT: () => {
          const size = this.SUBRULE(this.sum)
          return this.ACTION(() => ({ kind: 'size', size, span: size.span }))
        },
      },
    ]),
  )

  private expression = this.RULE('expression', (): tree.Expression =>
    this.OR<tree.Expression>([
      { GATE: () => this.beginsLambda(), ALT: () => this.SUBRULE(this.lambda) },
      { ALT: () => this.SUBRULE(this.pipeline) },
    ]),
  )

  /** `x => ..` or `(x, _) => ..`: looks ahead to the closing parenthesis. */
  private beginsLambda(): boolean {
    if (this.LA(1).tokenType !== t.OpenParen) return this.LA(2).tokenType === t.FatArrow
    for (let at = 2; ; at += 1) {
      const type = this.LA(at).tokenType
      if (type === t.CloseParen) return this.LA(at + 1).tokenType === t.FatArrow
      if (type !== t.Comma && type !== t.Identifier && !type.CATEGORIES?.includes(t.Identifier)) return false
    }
  }

  private lambda = this.RULE('lambda', (): tree.Lambda => {
    const parameters: IToken[] = []
    const first = this.LA(1)
    this.OR([
      { ALT: () => parameters.push(this.CONSUME(t.Identifier)) },
      {
        ALT: () => {
          this.CONSUME(t.OpenParen)
          this.MANY_SEP({ SEP: t.Comma, DEF: () => parameters.push(this.CONSUME2(t.Identifier)) })
          this.CONSUME(t.CloseParen)
        },
      },
    ])
    this.CONSUME(t.FatArrow)
    const body = this.SUBRULE(this.expression)
    return this.ACTION(() => ({
      kind: 'lambda',
      parameters: parameters.map((token) => this.nameOf(token)),
      body,
      span: this.span(first, body),
    }))
  })

  private pipeline = this.RULE('pipeline', (): tree.Expression => {
    const head = this.SUBRULE(this.sum)
    const stages: tree.Stage[] = []
    this.MANY(() => {
      this.CONSUME(t.Arrow)
      stages.push(this.SUBRULE(this.stage))
    })
    const rest = this.OPTION(() => {
      const operator = this.OR([
        { ALT: () => this.CONSUME(t.Plus) },
        { ALT: () => this.CONSUME(t.Minus) },
        { ALT: () => this.CONSUME(t.Star) },
        { ALT: () => this.CONSUME(t.Slash) },
        { ALT: () => this.CONSUME(t.Percent) },
      ])
      return { operator, right: this.SUBRULE(this.pipeline) }
    })
    return this.ACTION(() => {
      if (stages.length === 0) return head
      const pipeline: tree.Pipeline = { kind: 'pipeline', head, stages, span: this.span(head, stages.at(-1)!) }
      this.noteMixed(pipeline, rest)
      return rest ? this.binary(pipeline, rest.operator, rest.right) : pipeline
    })
  })

  /** An operator in the head without parentheses, or behind the last stage. */
  private noteMixed({ head, span: { start, end } }: tree.Pipeline, rest?: { operator: IToken; right: tree.Expression }): void {
    const sign = head.kind === 'binary' ? head.operatorSpan : head.kind === 'negate' ? head.span : undefined
    if (!sign && !rest) return
    const last = head.kind === 'binary' ? head.right : head.kind === 'negate' ? head.operand : undefined
    const wrap = (from: number, to: number) => [
      { at: from, text: '(' },
      { at: to, text: ')' },
    ]
    const whole = rest ? wrap(start, end) : []
    const readings = last
      ? [[...whole.slice(0, 1), ...wrap(start, head.span.end), ...whole.slice(1)], wrap(last.span.start, end)]
      : []
    if (rest && !last && rest.right.kind === 'pipeline') {
      const { head: next, span } = rest.right
      readings.push(
        [...whole, ...wrap(span.start, span.end)],
        [{ at: start, text: '(' }, ...whole, { at: next.span.end, text: ')' }],
      )
    } else if (rest && !last) readings.push(whole)
    this.mixed.push({
      span: { file: this.#file, start, end: rest ? rest.right.span.end : end },
      operator: sign ?? this.span(rest!.operator, rest!.operator),
      readings,
    })
  }

  private stage = this.RULE('stage', (): tree.Stage =>
    this.OR<tree.Stage>([
      { ALT: () => this.SUBRULE(this.repetition), IGNORE_AMBIGUITIES: true },
      { ALT: () => this.SUBRULE(this.application) },
    ]),
  )

  private application = this.RULE('application', (): tree.Call => {
    const callee = this.CONSUME(t.Identifier)
    const args = this.OPTION(() => this.SUBRULE(this.callArguments))
    return this.ACTION(() => ({
      kind: 'call',
      callee: this.nameOf(callee),
      arguments: args?.items ?? [],
      parenthesised: args !== undefined,
      span: this.span(callee, args ?? callee),
    }))
  })

  private callArguments = this.RULE('callArguments', (): { items: tree.Argument[]; span: Span } => {
    const open = this.CONSUME(t.OpenParen)
    const items: tree.Argument[] = []
    this.MANY_SEP({ SEP: t.Comma, DEF: () => items.push(this.SUBRULE(this.argument)) })
    const close = this.CONSUME(t.CloseParen)
    return this.ACTION(() => ({ items, span: this.span(open, close) }))
  })

  private argument = this.RULE('argument', (): tree.Argument => {
    const name = this.OPTION({
      GATE: () => this.LA(2).tokenType === t.Colon,
      DEF: () => {
        const token = this.CONSUME(t.Identifier)
        this.CONSUME(t.Colon)
        return token
      },
    })
    const value = this.SUBRULE(this.expression)
    return this.ACTION(() => ({
      ...(name && { name: this.nameOf(name) }),
      value,
      span: this.span(name ?? value, value),
    }))
  })

  private repetition = this.RULE('repetition', (): tree.Repetition => {
    const first = this.CONSUME(t.Repeat)
    const element = this.OPTION({
      GATE: () => this.LA(2).tokenType === t.In,
      DEF: () => {
        const token = this.CONSUME(t.Identifier)
        this.CONSUME(t.In)
        return token
      },
    })
    const over = this.SUBRULE(this.sum)
    const turn = this.OPTION2(() => {
      this.CONSUME(t.As)
      return this.CONSUME2(t.Identifier)
    })
    const collect = this.OPTION3(() => this.CONSUME(t.Collect))
    this.CONSUME(t.OpenBrace)
    const body: tree.Stage[] = []
    this.AT_LEAST_ONE_SEP({ SEP: t.Arrow, DEF: () => body.push(this.SUBRULE(this.stage)) })
    const last = this.CONSUME(t.CloseBrace)
    return this.ACTION(() => ({
      kind: 'repeat',
      over,
      ...(element && { element: this.nameOf(element) }),
      ...(turn && { turn: this.nameOf(turn) }),
      isCollected: collect !== undefined,
      body,
      span: this.span(first, last),
    }))
  })

  private sum = this.RULE('sum', (): tree.Expression => {
    let left = this.SUBRULE(this.product)
    this.MANY(() => {
      const operator = this.OR([{ ALT: () => this.CONSUME(t.Plus) }, { ALT: () => this.CONSUME(t.Minus) }])
      const right = this.SUBRULE2(this.product)
      left = this.ACTION(() => this.binary(left, operator, right))
    })
    return left
  })

  private product = this.RULE('product', (): tree.Expression => {
    let left = this.SUBRULE(this.unary)
    this.MANY(() => {
      const operator = this.OR([
        { ALT: () => this.CONSUME(t.Star) },
        { ALT: () => this.CONSUME(t.Slash) },
        { ALT: () => this.CONSUME(t.Percent) },
      ])
      const right = this.SUBRULE2(this.unary)
      left = this.ACTION(() => this.binary(left, operator, right))
    })
    return left
  })

  private binary(left: tree.Expression, operator: IToken, right: tree.Expression): tree.Expression {
    return {
      kind: 'binary',
      operator: operator.image as tree.BinaryOperator,
      operatorSpan: this.span(operator, operator),
      left,
      right,
      span: this.span(left, right),
    }
  }

  private unary = this.RULE('unary', (): tree.Expression =>
    this.OR<tree.Expression>([
      {
        ALT: () => {
          const sign = this.CONSUME(t.Minus)
          const operand = this.SUBRULE(this.unary)
          return this.ACTION(() => ({ kind: 'negate', operand, span: this.span(sign, operand) }))
        },
      },
      { ALT: () => this.SUBRULE(this.postfix) },
    ]),
  )

  private postfix = this.RULE('postfix', (): tree.Expression => {
    let value = this.SUBRULE(this.primary)
    this.MANY(() => {
      this.OR([
        {
          ALT: () => {
            this.CONSUME(t.Dot)
            const member = this.CONSUME(t.Identifier)
            value = this.ACTION(() => ({
              kind: 'member',
              object: value,
              member: this.nameOf(member),
              span: this.span(value, member),
            }))
          },
        },
        {
          ALT: () => {
            this.CONSUME(t.OpenSquare)
            const entries = this.SUBRULE(this.subscript)
            const close = this.CONSUME(t.CloseSquare)
            value = this.ACTION(() => ({ kind: 'slice', of: value, entries, span: this.span(value, close) }))
          },
        },
      ])
    })
    return value
  })

  /** What stands in square brackets behind a value: `.. k`, or an entry an axis. */
  private subscript = this.RULE('subscript', (): tree.SliceEntry[] => {
    const entries: tree.SliceEntry[] = []
    this.OR([
      {
        ALT: () => {
          const dots = this.CONSUME(t.DotDot)
          const to = this.SUBRULE(this.sum)
          this.ACTION(() => entries.push({ kind: 'first', to, span: this.span(dots, to) }))
        },
      },
      { ALT: () => this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => entries.push(this.SUBRULE(this.sliceEntry)) }) },
    ])
    return entries
  })

  private sliceEntry = this.RULE('sliceEntry', (): tree.SliceEntry =>
    this.OR<tree.SliceEntry>([
      {
        ALT: () => {
          const rest = this.CONSUME(t.DotDot)
          return this.ACTION(() => ({ kind: 'rest', span: this.span(rest, rest) }))
        },
      },
      {
        ALT: () => {
          const colon = this.CONSUME(t.Colon)
          const to = this.OPTION(() => this.SUBRULE(this.sum))
          return this.ACTION(() => ({ kind: 'range', ...(to && { to }), span: this.span(colon, to ?? colon) }))
        },
      },
      {
        ALT: () => {
          const from = this.SUBRULE2(this.sum)
          const range = this.OPTION2(() => {
            const colon = this.CONSUME2(t.Colon)
            return { colon, to: this.OPTION3(() => this.SUBRULE3(this.sum)) }
          })
          return this.ACTION(() => {
            if (!range) return { kind: 'at', at: from, span: from.span }
            const { colon, to } = range
            return { kind: 'range', from, ...(to && { to }), span: this.span(from, to ?? colon) }
          })
        },
      },
    ]),
  )

  private primary = this.RULE('primary', (): tree.Expression =>
    this.OR<tree.Expression>([
      {
        ALT: () => {
          const token = this.CONSUME(t.Num)
          return this.ACTION(() => ({ kind: 'number', text: token.image, span: this.span(token, token) }))
        },
      },
      {
        ALT: () => {
          const token = this.CONSUME(t.Text)
          return this.ACTION(() => ({ kind: 'string', text: token.image.slice(1, -1), span: this.span(token, token) }))
        },
      },
      {
        ALT: () => {
          const call = this.SUBRULE(this.application)
          return this.ACTION(() => (call.parenthesised ? call : { kind: 'name', name: call.callee.text, span: call.span }))
        },
      },
      {
        ALT: () => {
          const open = this.CONSUME(t.OpenParen)
          const inner = this.SUBRULE(this.expression)
          const close = this.CONSUME(t.CloseParen)
          return this.ACTION(() => ({ kind: 'group', inner, span: this.span(open, close) }))
        },
      },
      {
        ALT: () => {
          const open = this.CONSUME(t.OpenSquare)
          const items: tree.Expression[] = []
          this.MANY_SEP({ SEP: t.Comma, DEF: () => items.push(this.SUBRULE2(this.expression)) })
          const close = this.CONSUME(t.CloseSquare)
          return this.ACTION(() => ({ kind: 'list', items, span: this.span(open, close) }))
        },
      },
    ]),
  )
}
