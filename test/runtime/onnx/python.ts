import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import path from 'node:path'
import { cacheFolder } from '../../../src/runtime/files/cache-folder.ts'

/** What reads ONNX in the tests. */
const packages = ['onnx==1.23.2', 'onnxruntime==1.32.0', 'numpy<3', 'pillow==13.0.0']

/** What a Python is run with. */
export interface Python {
  readonly command: string
  readonly environment: NodeJS.ProcessEnv
}

/** The Python of `ARCHC_ONNX_PYTHON`, or the machine's with the packages in archc's cache, brought there once; else why there is none. */
export function pythonWithOnnx(): Python | string {
  const named = process.env['ARCHC_ONNX_PYTHON']
  if (named) return { command: named, environment: process.env }
  const folder = path.join(cacheFolder(), 'python-onnx')
  try {
    if (!existsSync(folder)) {
      const temporary = `${folder}.${process.pid}`
      mkdirSync(path.dirname(folder), { recursive: true })
      execFileSync('python3', ['-m', 'pip', 'install', '--quiet', '--only-binary=:all:', '--target', temporary, ...packages], { stdio: 'pipe', timeout: 300_000 }) // prettier-ignore
      if (existsSync(folder)) rmSync(temporary, { recursive: true })
      else renameSync(temporary, folder)
    }
  } catch (error) {
    return `pip did not bring onnx and onnxruntime: ${(error as Error).message.split('\n')[0]}`
  }
  return { command: 'python3', environment: { ...process.env, PYTHONPATH: folder } }
}
