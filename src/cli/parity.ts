import type { Command } from 'commander'

export function parityCommand(_program: Command): void {
  return
}
