import { html, trusted, type Html } from './html.ts'
import { style } from './style.ts'
import { viewerDialog, viewerScript } from './viewer.ts'

/** A page as one file that needs no server, no network and nothing beside it. */
export interface Page {
  readonly title: string
  readonly header: Html
  readonly main: Html
  /** Whether pictures of panels can be opened side by side. */
  readonly hasPanels: boolean
  /** After the style and the script that all pages have. */
  readonly style?: string
  readonly script?: string
}

/** The page may load nothing but what stands in it. */
const policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"

/** The page as text. */
export function pageText(page: Page): string {
  const { title, header, main, hasPanels } = page
  const script = [...(hasPanels ? [viewerScript()] : []), page.script ?? ''].join('\n')
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <title>${title}</title>
        <style>
          ${trusted(style)}${trusted(page.style ?? '')}
        </style>
      </head>
      <body>
        <header>${header}</header>
        <main>${main}</main>
        ${hasPanels ? viewerDialog : undefined}${
          script.trim()
            ? html`<script>
                ${trusted(script)}
              </script>`
            : undefined
        }
      </body>
    </html> `.html
}

/** What was run, on what: names and values. */
export const factList = (facts: readonly (readonly [string, string])[]): Html =>
  html`<dl>
    ${facts.map(
      ([name, value]) =>
        html`<dt>${name}</dt>
          <dd>${value}</dd>`,
    )}
  </dl>`

/** How numbers are defined. */
export const definitionList = (lines: readonly string[]): Html =>
  html`<ul class="definitions">
    ${lines.map((line) => html`<li>${line}</li>`)}
  </ul>`
