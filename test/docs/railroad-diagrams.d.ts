declare module 'railroad-diagrams' {
  export interface Part {
    readonly width: number
  }
  export function Sequence(...items: readonly Part[]): Part
  export function Choice(normal: number, ...items: readonly Part[]): Part
  export function Optional(item: Part): Part
  export function OneOrMore(item: Part, between?: Part): Part
  export function Terminal(text: string): Part
  export function NonTerminal(text: string): Part
  export function Skip(): Part
  export function Diagram(...items: readonly Part[]): {
    readonly attrs: Record<string, string>
    format(padding: number): { toString(): string }
  }
}
