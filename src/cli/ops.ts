import type { Command } from 'commander'
import { attributeText } from '../compiler/ops/page.ts'
import { ops } from '../compiler/ops/registry.ts'
import type { Op } from '../compiler/ops/op.ts'
import { UserError } from '../errors.ts'
import { meant, print } from './common.ts'

/** Registers `archc ops`. */
export function opsCommand(program: Command): void {
  program
    .command('ops')
    .description('the ops of the language: all, or one with what it takes and an example')
    .argument('[name]', 'an op')
    .option('--json', 'print one JSON object')
    .addHelpText('after', '\nExamples:\n  archc ops\n  archc ops conv\n  archc ops --json')
    .action((name: string | undefined, flags: { json?: boolean }) => {
      if (name === undefined) {
        const all = [...ops.values()]
        const width = Math.max(...all.map((op) => op.name.length))
        return print(flags.json ? JSON.stringify(all) : all.map((op) => `${op.name.padEnd(width)}  ${op.summary}`).join('\n'))
      }
      const op = ops.get(name)
      if (!op) {
        throw new UserError(`no op is called ${name}${meant(name, ops.keys())}`, 'archc ops lists all')
      }
      print(flags.json ? JSON.stringify(op) : pageOf(op))
    })
}

function pageOf({ name, summary, takes, gives, attributes, pattern, example }: Op): string {
  const given = Object.entries(attributes)
  const width = Math.max(0, ...given.map(([attribute]) => attribute.length))
  return [
    name,
    `  ${summary}`,
    '',
    `  takes  ${takes.length > 0 ? takes.join('; ') : 'no tensor'}${pattern ? ', and a pattern' : ''}`,
    `  gives  ${gives}`,
    ...(given.length > 0 ? ['', ...given.map(([attribute, spec]) => `  ${attribute.padEnd(width)}  ${attributeText(spec)}`)] : []),
    '',
    `  example, with ${Object.entries(example.inputs).map(([input, shape]) => `${input}: [${shape.join(', ')}]`).join(' and ')}`,
    ...example.code.split('\n').map((line) => `    ${line}`),
  ].join('\n') // prettier-ignore
}
