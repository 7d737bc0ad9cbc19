import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { archc } from '../cli/run-archc.ts'
import { root, temporaryFolder } from '../runtime/network/small.ts'

const folder = temporaryFolder()
const slide = path.join(root, 'samples', 'slides', 'CMU-1-Small-Region.svs')
const hash = (name: string): string =>
  createHash('sha256')
    .update(readFileSync(path.join(folder, name)))
    .digest('hex')

/** The block of docs/slides.md that begins so, without its indentation, for this checkout and a smaller array. */
function fromDocs(begin: string): string {
  const text = readFileSync(path.join(root, 'docs', 'slides.md'), 'utf8')
  const block = text.slice(text.indexOf(`    ${begin}`)).split('\n\n')[0]!
  return block
    .replaceAll(/^ {4}/gm, '')
    .replaceAll('npx archc', `${process.execPath} ${path.join(root, 'bin', 'archc.js')}`)
    .replaceAll('slide.svs --mpp 0.25', `${slide} --scale 2`)
    .replaceAll('1-8', '1-2')
    .replaceAll('TASK_ID/8', 'TASK_ID/2')
    .replaceAll('cpus-per-task=8', 'cpus-per-task=1')
}

describe.runIf(process.env['ARCHC_SLURM'])('a Slurm of one node (ARCHC_SLURM=1, with slurm-wlm and munge)', () => {
  it('divides a slide as docs/slides.md says; a part that is told to stop goes on by itself, and the join waits', async () => {
    writeFileSync(path.join(folder, 'parts.sh'), `${fromDocs('#!/bin/bash')}\n`)
    writeFileSync(
      path.join(folder, 'run.sh'),
      `set -e
cd ${folder}
job=$(sbatch --parsable parts.sh)
join=$(sbatch --parsable --dependency=afterok:$job --wrap '${process.execPath} ${path.join(root, 'bin', 'archc.js')} slide join out.tif.part-?-of-2 -o out.tif')
for i in $(seq 600); do [ "$(wc -l 2>/dev/null < out.tif.part-1-of-2.jsonl || echo 0)" -ge 2 ] && break; sleep 0.1; done
scancel --signal=USR1 --batch \${job}_1
for i in $(seq 300); do [ -z "$(squeue -h)" ] && break; sleep 1; done
scontrol show job $job | grep -o 'Restarts=[0-9]*' | sort -r | head -1
scontrol show job $join | grep -o 'JobState=[A-Z]*'
`,
    )
    const script = path.join(import.meta.dirname, 'slurm.sh')
    const { stdout, stderr, status } = spawnSync(script, [path.join(folder, 'slurm'), 'bash', path.join(folder, 'run.sh')], { encoding: 'utf8' }) // prettier-ignore
    expect(status, stderr).toBe(0)
    expect(stdout).toContain('Restarts=1')
    expect(stdout).toContain('JobState=COMPLETED')
    expect((await archc(['upscale', slide, '--scale', '2', '-o', path.join(folder, 'whole.tif')])).code).toBe(0)
    expect(hash('out.tif')).toBe(hash('whole.tif'))
  }, 600_000)
})
