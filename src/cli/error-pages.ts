import { readFileSync } from 'node:fs'
import path from 'node:path'
import { archcRoot } from '../root.ts'

/** The page of a code, or the list of all: Markdown. */
export const errorPage = (name: string): string => readFileSync(path.join(archcRoot, 'docs', 'errors', `${name}.md`), 'utf8')

/** Every code with the first sentence of its page. */
export const errorIndex = (): ReadonlyMap<string, string> =>
  new Map(
    [...errorPage('README').matchAll(/^- \[(.*?)\]\(.*?\): (.*)$/gm)].map(([, code = '', sentence = '']) => [code, sentence]),
  )
