import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { archcRoot } from '../../../src/root.ts'
import { html } from '../../../src/runtime/report/html.ts'
import { pageText } from '../../../src/runtime/report/page.ts'

/** What a page may load, by directive. */
function policyOf(page: string): Map<string, readonly string[]> {
  const [, content] = /http-equiv="Content-Security-Policy"\s+content="([^"]+)"/.exec(page)!
  return new Map(
    content!
      .replaceAll('&#39;', "'")
      .split('; ')
      .map((part) => [part.split(' ')[0]!, part.split(' ').slice(1)] as const),
  )
}

test('the page may load what a report may, and the compiler that stands in it', () => {
  const report = policyOf(pageText({ title: '', header: html``, main: html``, hasPanels: false }))
  const own = policyOf(readFileSync(path.join(archcRoot, 'editors', 'playground', 'page.html'), 'utf8'))
  expect(own).toEqual(new Map([...report, ['script-src', [...report.get('script-src')!, "'wasm-unsafe-eval'"]], ['worker-src', ['blob:']]])) // prettier-ignore
})
