type Child = Node | string

/** An element with attributes and children; a function is a listener, `true` an attribute without a value. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  given: Readonly<Record<string, string | boolean | (() => void)>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(given))
    if (typeof value === 'function') made.addEventListener(name, value)
    else if (typeof value === 'string') made.setAttribute(name, value)
    else made.toggleAttribute(name, value)
  made.append(...children)
  return made
}

export const button = (text: string, press: () => void, given: Readonly<Record<string, string>> = {}): HTMLButtonElement =>
  element('button', { type: 'button', ...given, click: press }, text)

/** An element of the page by its id. */
export function part<T extends Element = HTMLElement>(id: string): T {
  const found = document.getElementById(id)
  if (!found) throw new Error(`the page has no ${id}`)
  return found as unknown as T
}

/** Lets the arrow keys move between tabs, as is usual. */
export function moveByArrows(list: HTMLElement): void {
  list.addEventListener('keydown', ({ key }) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[key]
    const tabs = [...list.querySelectorAll<HTMLElement>('[role=tab]')]
    const at = tabs.findIndex((tab) => tab === document.activeElement)
    if (step === undefined || at < 0) return
    const next = tabs[(at + step + tabs.length) % tabs.length]!
    next.click()
    // Pressing one may have drawn the list anew.
    list.querySelector<HTMLElement>('[aria-selected=true]')?.focus()
  })
}
