import { loadModel } from '../network/load-model.ts'
import { openLoaded, type OpenedNetwork } from '../network/open-network.ts'
import { sourcesHost } from '../network/sources.ts'

/** Bicubic at any positions: `models/bicubic.arch` enlarges whole pictures, as Pillow does. */
const text = `// ---- bicubic.arch
model Bicubic {
  scale m in 1 .. 64
  input lr: [B, h, w, 3] as image
  input coord: [B, q, 2] as coordinates
  output rgb: [B, q, 3] as samples
  return sample(lr, coord, kernel: bicubic)
}
evaluate { m: 2 }
`

/** What people compare with: nothing learned. */
export const openBicubic = (): OpenedNetwork => openLoaded(loadModel('bicubic.arch', {}, sourcesHost(text)), 'layers')
