import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium, type Browser, type BrowserContext, type Locator, type Page } from 'playwright-core'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { archcRoot } from '../../../src/root.ts'
import { startNode } from '../../cli/run-archc.ts'
import { temporaryFolder } from '../../runtime/network/small.ts'
import { findChromium } from '../../browser.ts'

/** The playground as its readers meet it: a file that a browser opens. */

const executablePath = findChromium()
if (!executablePath)
  test.skip('the playground: there is no Chromium here; apt-get install chromium, or name one in CHROME', () => undefined)

describe.skipIf(!executablePath)('the playground', () => {
  const file = path.join(temporaryFolder(), 'playground.html')
  let browser: Browser
  let context: BrowserContext
  let page: Page
  const complaints: string[] = []

  /** Opens the page as somebody who was never there. */
  async function open(choice = ''): Promise<void> {
    await context?.close()
    context = await browser.newContext({ viewport: { width: 1400, height: 900 } })
    page = await context.newPage()
    page.setDefaultTimeout(20_000)
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(error.message))
    await page.goto(`${pathToFileURL(file).href}${choice}`)
    await status('No problems')
  }

  const status = (text: string): Promise<void> => page.locator('#status', { hasText: text }).waitFor()
  const word = (text: string): Locator => page.locator('.cm-content .cm-line span', { hasText: new RegExp(`^${text}$`) }).first()
  const tab = (name: string): Locator => page.getByRole('tab', { name, exact: true })
  const press = (name: string): Promise<void> => page.getByRole('button', { name, exact: true }).click()
  /** Texts that the page keeps for the next visit. */
  const kept = async (): Promise<Record<string, string>> =>
    JSON.parse((await page.evaluate<string | null>(`localStorage.getItem('archc playground')`)) ?? '{}') as Record<string, string>
  const replaceWord = async (before: string, after: string): Promise<void> => {
    await word(before).dblclick()
    await page.keyboard.type(after)
    await page.keyboard.press('Escape')
  }

  beforeAll(async () => {
    const built = await startNode([path.join(archcRoot, 'editors', 'playground', 'build.js'), file]).outcome
    expect(built).toMatchObject({ code: 0, stdout: `${file}\n`, stderr: '' })
    browser = await chromium.launch({ executablePath: executablePath!, args: ['--no-sandbox'] })
  })
  afterAll(() => browser?.close())

  test('opens from a file: ISTE without a problem, its shapes, its network', async () => {
    await open()
    await page.locator('#panel svg').waitFor()
    expect(await page.getByRole('tab').allTextContents()).toEqual([
      'iste', 'swinir', 'mlp', 'wo-lfi', 'wo-ltd', 'wo-stf', 'iste-on-bicubic', 'Network', 'Plan', 'Summary',
    ]) // prettier-ignore
    expect(await page.locator('#preset option').allTextContents()).toEqual([
      'defaults', 'paper', 'mini', 'micro', 'small', 'tiny',
    ]) // prettier-ignore
    const shapes = await page.locator('.cm-content .shape').allTextContents()
    expect(shapes).toContain(': [B, q, 4, 256]')
    expect(shapes).toContain(': [B, H, W, 9, 64]')
    expect(await word('module').getAttribute('class')).toBe('is-keyword')
    const names = await page.locator('#panel svg text[font-weight=bold]').allTextContents()
    expect(names).toEqual(expect.arrayContaining(['ISTE', 'lr: image', 'encoder', 'lfi', 'stf', 'lpd', 'ltd', 'rgb: samples']))
    expect(complaints).toEqual([])
  })

  test('the inside of a part, by the keyboard, and the way back', async () => {
    await page.getByRole('button', { name: 'inside of encoder' }).focus()
    await page.keyboard.press('Enter')
    await page.locator('#panel svg text', { hasText: 'encoder of ISTE: SwinIR' }).waitFor()
    expect(await page.locator('.tools nav').textContent()).toBe('ISTE › encoder')
    await page.getByLabel('levels that are drawn').selectOption('2')
    await page.locator('#panel svg text', { hasText: 'body[0]' }).waitFor()
    await press('ISTE')
    await page.locator('#panel svg text', { hasText: 'rgb: samples' }).waitFor()
    expect(await page.locator('.tools nav').textContent()).toBe('ISTE')
  })

  test('a misspelt op is underlined, said and mended; the network before it stays', async () => {
    await replaceWord('unfold', 'unfol')
    await status('1 error')
    expect(await page.locator('.cm-lintRange-error').allTextContents()).toEqual(['unfol'])
    expect(await page.locator('#problems b').first().textContent()).toBe('no op or module called unfol; did you mean unfold?')
    expect(await page.locator('#problems .place').textContent()).toBe('iste.arch:10')
    await page.locator('#panel.stale svg').waitFor()
    expect(await page.locator('#remark').textContent()).toBe('The text has errors. This is from before them.')
    await page.locator('.cm-lintRange-error').hover()
    expect(await page.locator('.cm-tooltip .cm-diagnostic b').first().textContent()).toContain('did you mean unfold?')
    await page.locator('#problems').getByRole('button', { name: 'write unfold' }).click()
    await status('No problems')
    await page.locator('#panel:not(.stale) svg').waitFor()
    expect(await page.locator('#problems li, .cm-lintRange').count()).toBe(0)
    expect(await kept()).toEqual({})
  })

  test('a summary, and the model of a library', async () => {
    await tab('mlp').click()
    await tab('Summary').click()
    await page.locator('.summary').waitFor()
    expect(await page.locator('#remark').textContent()).toBe('mlp.arch holds modules. This is ISTE, which is built with them.')
    expect(await page.locator('.summary dd').allInnerTexts()).toEqual([
      '12,739,434',
      '643,657,678,848\none forward pass at B = 16, h = 48, w = 48, q = 2304',
      '733.5 MiB\nat the peak of that pass',
      '40.42 GiB\nof that pass in all',
    ])
    expect(await page.locator('.summary li').allTextContents()).toEqual([
      'reflect pad to a multiple of 8 needs h larger than what is added (in SwinIR)',
      'reflect pad to a multiple of 8 needs w larger than what is added (in SwinIR)',
    ])
  })

  test('what may follow an arrow, what a call takes, what a name is', async () => {
    await open()
    await word('unfold').click()
    await page.keyboard.press('End')
    await page.keyboard.type('\nlet more = around -> c')
    await page.locator('.cm-completionLabel', { hasText: /^conv$/ }).waitFor()
    await page.keyboard.type('onv(out: 64, ')
    await page.keyboard.press('Escape')
    await page.keyboard.type('kernel: ')
    await page.locator('.signature b', { hasText: /^kernel: pair$/ }).waitFor()
    expect(await page.locator('.signature p').textContent()).toBe('Convolution over the two picture axes.')
    await status('1 error')
    await page.keyboard.press('Escape')
    await page.keyboard.press('Escape')
    await word('best_match').hover()
    const hover = page.locator('.cm-tooltip-hover .said')
    expect(await hover.locator('pre').first().textContent()).toBe(
      'best_match(a: [B, q, .., d], b: [B, k, .., d], over: int, by: cosine)',
    )
    expect(await hover.locator('code').last().textContent()).toBe('(score: [B, q, 4], index: i32[B, q, 4])')
  })

  test('a variant has its plan', async () => {
    await open('#file=models/ablations/wo-lfi.arch&preset=paper&panel=plan')
    const plan = page.locator('#panel')
    await plan.locator('h2', { hasText: 'ISTE, w/o LFI' }).waitFor()
    expect(await page.locator('#preset').inputValue()).toBe('paper')
    expect(await plan.locator('tbody tr').allInnerTexts()).toEqual([
      'parameters\t12,739,434\t12,722,794\t-0.1 %',
      'multiply-adds\t643,657,678,848\t640,288,604,160\t-0.5 %',
    ])
    expect(await plan.locator('li.changed').allTextContents()).toEqual(['lfi with (x) => x'])
    expect(await plan.locator('li.removed').allTextContents()).toEqual(
      ['query', 'key_value', 'linear'].flatMap((layer) => [`lfi.${layer}.kernel`, `lfi.${layer}.bias`]),
    )
    expect(await plan.locator('h3').allTextContents()).toEqual([
      'slots replaced',
      'weights removed (6)',
      'weights kept (516)',
      'other variants',
    ])
    await page.locator('#preset').selectOption('mini')
    await plan.locator('td', { hasText: '1,376,914' }).waitFor()
    await press('w/o STF')
    await plan.locator('h2', { hasText: 'ISTE, w/o STF' }).waitFor()
    await page.goBack()
    await plan.locator('h2', { hasText: 'ISTE, w/o LFI' }).waitFor()
  })

  test('what an edit changes of the network that the page came with', async () => {
    await open('#panel=plan')
    await page.locator('.plan', { hasText: 'The network that this page came with.' }).waitFor()
    await replaceWord('8', '4')
    const plan = page.locator('#panel')
    await plan.locator('p', { hasText: 'held against ISTE as shipped' }).waitFor()
    expect(await plan.locator('li.changed').first().textContent()).toBe(
      'lfi.query: [B, 8 * ceil(h / 8), 8 * ceil(w / 8), 8, 8] becomes [B, 8 * ceil(h / 8), 8 * ceil(w / 8), 4, 16]',
    )
    expect(await plan.locator('h3').allTextContents()).toEqual([
      'weights kept (522)',
      'tensors of another shape',
      'other variants',
    ])
  })

  test('definition, rename in all files, format', async () => {
    await open()
    await word('MLP').click()
    await page.keyboard.press('F12')
    await page.locator('[role=tab][aria-selected=true]', { hasText: 'mlp' }).waitFor()
    await page.keyboard.press('F2')
    const name = page.getByRole('textbox', { name: 'Rename MLP' })
    await name.fill('conv')
    await press('Rename')
    await page.getByRole('alert').filter({ hasText: 'conv is an op' }).waitFor()
    await name.fill('Decoder')
    await press('Rename')
    await status('No problems')
    await tab('iste').click()
    await page.locator('.cm-line', { hasText: 'import Decoder from "./lib/mlp.arch"' }).waitFor()
    await word('import').click()
    await page.keyboard.press('End')
    await page.keyboard.type('   ')
    await page.keyboard.press('Shift+Alt+f')
    await page.locator('.cm-line', { hasText: /^import SwinIR from "\.\/lib\/swinir\.arch"$/ }).waitFor()
    await word('SwinIR').click({ modifiers: ['Control'] })
    await page.locator('[role=tab][aria-selected=true]', { hasText: 'swinir' }).waitFor()
  })

  test('a new file; texts are kept for the next visit, and put back', async () => {
    await open()
    await page.getByRole('button', { name: 'new file' }).click()
    const name = page.getByRole('textbox', { name: 'New file' })
    await name.fill('models/iste.arch')
    await press('Make')
    await page.getByRole('alert').filter({ hasText: 'models/iste.arch is there already' }).waitFor()
    await name.fill('models/ablations/narrow.arch')
    await press('Make')
    await status('1 error')
    await page.keyboard.type('set width = 32')
    await status('No problems')
    await page.locator('#panel h2', { hasText: 'ISTE, narrow' }).waitFor()
    const text = '/// What is different, and why.\nvariant "narrow" of ISTE from "../iste.arch"\nset width = 32'
    await expect.poll(kept).toEqual({ 'models/ablations/narrow.arch': text })
    await page.reload()
    await page.locator('#panel h2', { hasText: 'ISTE, narrow' }).waitFor()
    await press('Reset')
    await page.getByRole('dialog').getByRole('button', { name: 'Reset' }).click()
    await page.locator('[role=tab][aria-selected=true]', { hasText: 'iste' }).waitFor()
    expect(await kept()).toEqual({})
    expect(await tab('narrow').count()).toBe(0)
    expect(complaints).toEqual([])
  })

  test.runIf(process.env['UPDATE'])('its picture for the README', async () => {
    await open()
    await word('module').click()
    for (let line = 0; line < 76; line += 1) await page.keyboard.press('ArrowDown')
    await page.locator('#panel svg').waitFor()
    await page.locator('.shape', { hasText: ': [B, H, W, 64]' }).waitFor()
    const picture = await page.screenshot()
    await sharp(picture)
      .png({ palette: true })
      .toFile(path.join(archcRoot, 'docs', 'images', 'playground.png'))
  })
})
