import type { Texts } from './services.ts'

export const panels = ['network', 'plan', 'summary'] as const
export type Panel = (typeof panels)[number]

/** What is chosen; stands behind the # of the address, so that it can be bookmarked and gone back to. */
export interface Choice {
  readonly file: string
  readonly preset: string
  readonly panel: Panel
}

export function choiceOf(hash: string, files: readonly string[]): Choice {
  const given = new URLSearchParams(hash.replace(/^#/, ''))
  return {
    file: files.find((file) => file === given.get('file')) ?? files[0]!,
    preset: given.get('preset') ?? '',
    panel: panels.find((panel) => panel === given.get('panel')) ?? 'network',
  }
}

export function hashOf({ file, preset, panel }: Choice): string {
  const given = [`file=${file}`, ...(preset ? [`preset=${encodeURIComponent(preset)}`] : []), `panel=${panel}`]
  return `#${given.join('&')}`
}

const name = 'archc playground'

/** Texts that were edited or are new, of the last visit; none where the browser keeps nothing. */
export function keptTexts(): Texts {
  try {
    return JSON.parse(localStorage.getItem(name) ?? '{}') as Texts
  } catch {
    return {}
  }
}

export function keepTexts(texts: Texts): void {
  try {
    if (Object.keys(texts).length === 0) localStorage.removeItem(name)
    else localStorage.setItem(name, JSON.stringify(texts))
  } catch {
    // A browser may keep nothing of pages that were opened as files; the page works without.
  }
}
