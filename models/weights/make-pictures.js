// Makes the pictures that iste-on-bicubic-small was trained on: BreCaHAD fields at several sizes, some with other colours, some compressed.
//   node models/weights/make-pictures.js FOLDER OUT
// FOLDER holds brecahad_NUMBER.jpg; OUT gets data/*.png and train.csv. The same fields give the same pictures, byte for byte, with the same sharp.
import fs from 'node:fs'
import path from 'node:path'
import sharp from 'sharp'

const [folder, out] = process.argv.slice(2)
if (!folder || !out) {
  console.error('usage: node models/weights/make-pictures.js FOLDER OUT')
  process.exit(2)
}

/** Soft fields at full size, sharper and of lower magnification the smaller: what other slides and scanners give. */
const forms = [
  { size: 1 },
  { size: 0.75, otherColours: true },
  { size: 0.5 },
  { size: 0.5, otherColours: true },
  { size: 0.35, otherColours: true, quality: 85 },
  { size: 0.3 },
  { size: 0.25, otherColours: true },
]

/** The look-alike groups of fields that are trained on: one slide, or one batch of stain. */
const groups = [
  ['A', 10011, 10018],
  ['B', 10019, 10025],
  ['C', 10026, 10037],
]

let state = 11
const random = () => (state = (state * 1103515245 + 12345) % 2147483648) / 2147483648

/** A gain and an exponent for the absorption of each channel, as stains and scanners differ. */
function recolour(data) {
  const channels = [0, 1, 2].map(() => [0.8 + 0.4 * random(), 0.75 + 0.55 * random()])
  for (let at = 0; at < data.length; at += 1) {
    const [gain, exponent] = channels[at % 3]
    data[at] = Math.max(0, Math.min(255, Math.round(255 * (1 - gain * (1 - (data[at] / 255) ** exponent)))))
  }
}

fs.mkdirSync(path.join(out, 'data'), { recursive: true })
const rows = ['path,group']
for (const name of fs.readdirSync(folder).sort()) {
  const number = Number(/^brecahad_(\d+)\.jpg$/.exec(name)?.[1])
  const group = groups.find(([, from, to]) => number >= from && number <= to)?.[0]
  if (!group) continue
  const file = path.join(folder, name)
  const { width, height } = await sharp(file).metadata()
  for (const [index, { size, otherColours, quality }] of forms.entries()) {
    const read = sharp(file).removeAlpha()
    const sized = size === 1 ? read : read.resize(Math.round(width * size), Math.round(height * size), { kernel: 'lanczos3' })
    const { data, info } = await sized.raw().toBuffer({ resolveWithObject: true })
    if (otherColours) recolour(data)
    const made = sharp(data, { raw: info })
    const last = quality ? sharp(await made.jpeg({ quality }).toBuffer()) : made
    const picture = `data/${number}_${index}.png`
    await last.png().toFile(path.join(out, picture))
    rows.push(`${picture},${group}`)
  }
}
fs.writeFileSync(path.join(out, 'train.csv'), `${rows.join('\n')}\n`)
console.log(`${rows.length - 1} pictures, ${path.join(out, 'train.csv')}`)
