import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'
import { archcRoot } from '../../root.ts'
import type { Answer } from './answers.ts'

/** What a page is made of, by path. */
export type Assets = ReadonlyMap<string, Answer>

/** The page of src/viewer, put together once. */
export async function pageAssets(): Promise<Assets> {
  const source = path.join(archcRoot, 'src', 'viewer')
  const { build } = await import('esbuild')
  const { outputFiles } = await build({
    entryPoints: [path.join(source, 'page.ts')],
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    target: 'es2022',
    platform: 'browser',
    external: ['openseadragon'],
  })
  const seadragon = createRequire(import.meta.url).resolve('openseadragon/build/openseadragon/openseadragon.min.js')
  const asset = (type: string, body: Buffer | string): Answer => ({ type, body })
  return new Map([
    ['/', asset('text/html; charset=utf-8', await readFile(path.join(source, 'page.html')))],
    ['/page.css', asset('text/css; charset=utf-8', await readFile(path.join(source, 'page.css')))],
    ['/page.js', asset('text/javascript; charset=utf-8', outputFiles[0]!.text)],
    ['/openseadragon.js', asset('text/javascript; charset=utf-8', await readFile(seadragon))],
  ])
}
