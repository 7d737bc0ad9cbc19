import { spawnSync } from 'node:child_process'
import { symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { archcRoot } from '../../src/root.ts'
import { blocksOf, readPage } from '../docs/blocks.ts'
import { temporaryFolder } from '../runtime/network/small.ts'

/** The lines that docs/editors.md gives for other editors, in the editors themselves. */

const blocks = blocksOf(readPage('docs/editors.md'))
const linesOf = (language: string): string =>
  blocks.find((block) => block.kind === 'settings' && block.language === language)!.text

const folder = temporaryFolder()
const inside = (name: string, text: string): string => {
  const file = path.join(folder, name)
  writeFileSync(file, text)
  return file
}
// What the editors start: the archc on PATH.
symlinkSync(path.join(archcRoot, 'bin', 'archc.js'), path.join(folder, 'archc'))
const env = { ...process.env, HOME: folder, XDG_CONFIG_HOME: folder, PATH: `${folder}${path.delimiter}${process.env['PATH']}` }
const run = (command: string, ...words: string[]): { status: number | null; stdout: string; stderr: string } =>
  spawnSync(command, words, { cwd: folder, env, encoding: 'utf8', timeout: 100_000 })

const wrong = inside(
  'wrong.arch',
  `model Twice {
  scale m = 2
  input lr: [B, h, w, 3] as image
  output sr: [B, m * h, m * w, 3] as image
  return interpolate(lr, by: m, kernel: bicubc)
}
`,
)
const said = /^5:41 .*kernel is bilinear or bicubic or nearest; not bicubc$/m

describe('an editor shows what is wrong in a file that it opens', () => {
  test('Neovim', ({ skip }) => {
    if (run('nvim', '--version').status !== 0) skip('there is no Neovim here: apt-get install neovim')
    const settings = inside('init.lua', linesOf('lua'))
    const asked = inside(
      'ask.lua',
      `vim.wait(60000, function() return #vim.diagnostic.get(0) > 0 end, 50)
for _, each in ipairs(vim.diagnostic.get(0)) do io.stdout:write(each.lnum + 1, ':', each.col + 1, ' ', each.message, '\\n') end
io.stdout:write(vim.bo.filetype, '\\n')
vim.cmd('qa!')`,
    )
    const { status, stdout, stderr } = run('nvim', '--headless', '--clean', '-u', settings, wrong, '-S', asked)
    expect(stdout, stderr).toMatch(said)
    expect(stdout).toMatch(/^arch$/m)
    expect(status).toBe(0)
  })

  test('Emacs', ({ skip }) => {
    if (run('emacs', '--batch', '--eval', "(require 'eglot)").status !== 0)
      skip('there is no Emacs with Eglot here: apt-get install emacs-nox elpa-eglot')
    const settings = inside('init.el', linesOf('elisp'))
    const asked = inside(
      'ask.el',
      `(find-file ${JSON.stringify(wrong)})
(apply #'eglot (eglot--guess-contact))
(let ((end (+ (float-time) 60)))
  (while (and (< (float-time) end) (null (flymake-diagnostics))) (flymake-start) (accept-process-output nil 0.1)))
(dolist (each (flymake-diagnostics))
  (goto-char (flymake-diagnostic-beg each))
  (princ (format "%d:%d %s\\n" (line-number-at-pos) (1+ (current-column)) (flymake-diagnostic-text each))))
(princ (format "%s %s\\n" major-mode comment-start))
(eglot-shutdown-all)`,
    )
    const { status, stdout, stderr } = run('emacs', '--batch', '-l', settings, '-l', asked)
    expect(stdout, stderr).toMatch(said)
    expect(stdout).toMatch(/^arch-mode \/\/ $/m)
    expect(status).toBe(0)
  })

  test('Helix is given the command that the others start', () => {
    expect(linesOf('toml')).toContain('{ command = "archc", args = ["lsp", "--stdio"] }')
  })
})
