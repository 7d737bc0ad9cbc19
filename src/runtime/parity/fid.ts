import { readMap } from '../weights/map.ts'
import type { ParityCase } from './case.ts'
import { CannotRun, type Checks } from './check.ts'
import { textOf } from './json.ts'
import { checkParameters, configured, createSubject } from './subject.ts'
import { channelsLast, compute } from './values.ts'

/** The Inception-v3 behind FID: the features that the case asks for. */
export function checkInception(data: ParityCase, checks: Checks): void {
  const { graph } = configured('InceptionV3', { file: 'inception-v3-fid.arch' })
  const subject = createSubject(data, checks, readMap('pytorch-fid'), [graph])
  try {
    checks.part(['parameters'], () => checkParameters(data, checks, graph))
    const picture = ['pictures', 'input', 'lr'].map((name) => data.tensors.get(name)).find((tensor) => tensor)
    const asked = textOf(data.network, 'output') ?? ''
    for (const [name, info] of data.infos) {
      if (info.input) continue
      checks.part([name], () => {
        const output = graph.outputs.find((each) => asked.startsWith(each.name))
        if (!picture || !output) throw new CannotRun(output ? 'the case has no pictures' : `no features are called ${asked}`)
        const made = compute(subject.network, graph, new Map([[name, output.value]]), {
          [graph.inputs[0]!.name]: channelsLast(picture),
        })
        checks.tensor(name, made.get(name)!)
      })
    }
  } finally {
    subject.dispose()
  }
}
