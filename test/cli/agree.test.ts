import { afterEach, expect, it, vi } from 'vitest'
import { agree } from '../../src/cli/agree.ts'
import { UserError } from '../../src/errors.ts'

const terminals = [process.stdin, process.stderr] as { isTTY: boolean }[]
const before = terminals.map(({ isTTY }) => isTTY)
afterEach(() => {
  vi.restoreAllMocks()
  terminals.forEach((terminal, at) => (terminal.isTTY = before[at]!))
})

/** What is said on standard error, or asked. */
function asked(isTerminal: boolean, ...given: Parameters<typeof agree>): string {
  for (const terminal of terminals) terminal.isTTY = isTerminal
  const said: string[] = []
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => said.push(String(text)) > 0)
  try {
    agree(...given)
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    return `${error.message}; ${error.help}`
  }
  return said.join('')
}

it.each<[string, boolean, Parameters<typeof agree>, string]>([
  ['ten minutes are not much', true, [599, false], ''],
  ['at a terminal more takes --yes', true, [2220, false], 'this takes about 37 min, more than ten minutes; say --yes to go on'],
  ['and goes on with it', true, [2220, true], ''],
  ['elsewhere it is said that it goes on', false, [2220, false], 'more than ten minutes: it goes on, since nobody sits at a terminal to say --yes\n'],
  ['not where it was said', false, [2220, true], ''],
  ['what is shorter is named', true, [2220, false, 'take less'], 'this takes about 37 min, more than ten minutes; say --yes to go on, or take less'],
])('%s', (_what, isTerminal, given, text) => expect(asked(isTerminal, ...given)).toBe(text)) // prettier-ignore
