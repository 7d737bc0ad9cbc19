/** A piece of HTML that is safe to put into a page as it stands. */
export interface Html {
  readonly html: string
}

type Value = string | number | Html | readonly Html[] | undefined

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character]!)
}

function isList(value: Value): value is readonly Html[] {
  return Array.isArray(value)
}

function render(value: Value): string {
  if (value === undefined) return ''
  if (isList(value)) return value.map((piece) => piece.html).join('')
  return typeof value === 'object' ? value.html : escape(String(value))
}

/** A template whose values are escaped, unless they are pieces of HTML; undefined is nothing. Attribute values need quotes. */
export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Html {
  return { html: parts.map((part, index) => part + render(values[index])).join('') }
}

/** Text that is HTML already, from a source that is trusted to make it. */
export function trusted(text: string): Html {
  return { html: text }
}
