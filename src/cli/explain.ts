import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { Command } from 'commander'
import { UserError } from '../errors.ts'
import { archcRoot } from '../root.ts'
import { colourful, meant, print } from './common.ts'

/** Registers `archc explain`. */
export function explainCommand(program: Command): void {
  program
    .command('explain')
    .description('what a code such as shape-unknown means: the rule, an example, and the example mended')
    .argument('[code]', 'the code of an error or a warning; all of them without it')
    .addHelpText('after', '\nExamples:\n  archc explain shape-unknown\n  archc explain')
    .action((code: string | undefined) => {
      const index = readIndex()
      if (code === undefined) {
        const width = Math.max(...[...index.keys()].map((each) => each.length))
        return print([...index].map(([each, sentence]) => `${each.padEnd(width)}  ${sentence}`).join('\n'))
      }
      if (!index.has(code)) {
        throw new UserError(`no error or warning is called ${code}${meant(code, index.keys())}`, 'archc explain lists all')
      }
      const page = read(code).trimEnd()
      print(colourful(process.stdout) ? withBoldHeadings(page) : page)
    })
}

const read = (name: string): string => readFileSync(path.join(archcRoot, 'docs', 'errors', `${name}.md`), 'utf8')

/** Every code with the first sentence of its page. */
const readIndex = (): ReadonlyMap<string, string> =>
  new Map([...read('README').matchAll(/^- \[(.*?)\]\(.*?\): (.*)$/gm)].map(([, code = '', sentence = '']) => [code, sentence]))

/** The texts of examples have no lines that begin with `#`. */
const withBoldHeadings = (page: string): string => page.replace(/^#+ (.*)$/gm, '\u001b[1m$1\u001b[0m')
