// Makes the pictures that the carried weights were trained on: BreCaHAD fields at several sizes, in other colours, some sharpened, noisy or compressed.
//   node models/weights/make-pictures.js SET FOLDER OUT
// SET is coloured (deblur, plain) or scanned (live, live-large, best). FOLDER holds brecahad_NUMBER.jpg; OUT gets data/*.png and train.csv. The same fields give the
// same pictures, byte for byte, with the same sharp.
import fs from 'node:fs'
import path from 'node:path'
import sharp from 'sharp'

/**
 * Forms are what other slides and scanners give: the smaller, the sharper and the lower the magnification, and above 1 what is scanned finer than it is sharp; a
 * scanner's sharpening (the Gaussian's sigma in pixels), its noise (standard deviation in levels of 255), and the compression of slides: JPEG of brightness and
 * colours, at full or half (`halved`) resolution, or of red, green and blue each by itself (`apart`), as some scanners store them: their colours are noisy.
 * Colours: how far absorption differs, of all channels together (`depth`) and of each (`gain`, `exponent`).
 */
const sets = {
  // Colours farther from each other than any stain's, so that detail of every colour is seen. JPEG keeps colour at full resolution, since BreCaHAD's own files hold
  // it at half.
  coloured: {
    colours: { gain: 1.6, exponent: 2 },
    forms: [
      { size: 1, noise: 3 },
      { size: 0.7, noise: 4 },
      { size: 0.5 },
      { size: 0.5, noise: 4 },
      { size: 0.5, jpeg: 80 },
      { size: 0.5, sharpening: 1, jpeg: 75 },
      { size: 0.4, noise: 4, jpeg: 85 },
      { size: 0.35, sharpening: 1, noise: 4 },
      { size: 0.35, webp: 80 },
      { size: 0.3, jpeg: 75 },
      { size: 0.3, noise: 8 },
      { size: 0.25, jpeg: 90 },
      { size: 0.25, noise: 4 },
    ],
  },
  // Colours as stains have them: of farther ones most detail is colour, and a network learns to see colour in what JPEG left of it that real tissue has not.
  scanned: {
    colours: { depth: 0.9, gain: 0.4, exponent: 0.4 },
    forms: [
      { size: 2, jpeg: 30, apart: true },
      { size: 1.4, jpeg: 85, halved: true },
      { size: 1.4, jpeg: 35, apart: true },
      { size: 1.4, jpeg: 60, apart: true },
      { size: 1 },
      { size: 1, jpeg: 40, apart: true },
      { size: 0.7, jpeg: 85, halved: true },
      { size: 0.7, jpeg: 30, apart: true },
      { size: 0.5 },
      { size: 0.5, sharpening: 1, jpeg: 75 },
      { size: 0.5, jpeg: 40, apart: true },
      { size: 0.4, jpeg: 85 },
      { size: 0.35, sharpening: 1 },
      { size: 0.35, jpeg: 50, apart: true },
      { size: 0.3, jpeg: 75 },
      { size: 0.25, jpeg: 90 },
    ],
  },
}

const [name, folder, out] = process.argv.slice(2)
const set = sets[name]
if (!set || !folder || !out) {
  console.error('usage: node models/weights/make-pictures.js coloured|scanned FOLDER OUT')
  process.exit(2)
}
const { colours, forms } = set

/** The look-alike groups of fields that are trained on: one slide, or one batch of stain. */
const groups = [
  ['A', 10011, 10018],
  ['B', 10019, 10025],
  ['C', 10026, 10037],
]

let state = 11
const random = () => (state = (state * 1103515245 + 12345) % 2147483648) / 2147483648

/** A depth of the stain, and a gain and an exponent for the absorption of each channel. */
function recolour(data) {
  const depth = colours.depth ? 0.8 + colours.depth * random() : 1
  const channels = [0, 1, 2].map(() => [
    depth * (1 + colours.gain * (random() - 0.5)),
    Math.exp(colours.exponent * (random() - 0.5)),
  ])
  for (let at = 0; at < data.length; at += 1) {
    const [gain, exponent] = channels[at % 3]
    data[at] = Math.max(0, Math.min(255, Math.round(255 * (1 - gain * (1 - (data[at] / 255) ** exponent)))))
  }
}

/** Normal noise, by Box and Muller. */
function addNoise(data, deviation) {
  for (let at = 0; at < data.length; at += 1) {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
    data[at] = Math.max(0, Math.min(255, Math.round(data[at] + deviation * normal)))
  }
}

/** The picture as it comes out of its compression. */
async function compressed({ data, info }, { jpeg, webp, halved, apart }) {
  const picture = sharp(data, { raw: info })
  if (webp) return sharp(await picture.webp({ quality: webp }).toBuffer())
  if (!jpeg) return picture
  if (!apart) return sharp(await picture.jpeg({ quality: jpeg, chromaSubsampling: halved ? '4:2:0' : '4:4:4' }).toBuffer())
  const { width, height } = info
  const planes = await Promise.all(
    [0, 1, 2].map(async (channel) => {
      const plane = data.filter((_, at) => at % 3 === channel)
      const stored = await sharp(plane, { raw: { width, height, channels: 1 } })
        .jpeg({ quality: jpeg })
        .toBuffer()
      return sharp(stored).greyscale().raw().toBuffer()
    }),
  )
  const joined = Buffer.from({ length: 3 * width * height })
  for (let at = 0; at < joined.length; at += 1) joined[at] = planes[at % 3][Math.floor(at / 3)]
  return sharp(joined, { raw: info })
}

fs.mkdirSync(path.join(out, 'data'), { recursive: true })
const rows = ['path,group']
for (const name of fs.readdirSync(folder).sort()) {
  const number = Number(/^brecahad_(\d+)\.jpg$/.exec(name)?.[1])
  const group = groups.find(([, from, to]) => number >= from && number <= to)?.[0]
  if (!group) continue
  const file = path.join(folder, name)
  const { width, height } = await sharp(file).metadata()
  for (const [index, form] of forms.entries()) {
    const read = sharp(file).removeAlpha()
    const sized =
      form.size === 1 ? read : read.resize(Math.round(width * form.size), Math.round(height * form.size), { kernel: 'lanczos3' })
    const sharpened = form.sharpening ? sized.sharpen({ sigma: form.sharpening }) : sized
    const { data, info } = await sharpened.raw().toBuffer({ resolveWithObject: true })
    recolour(data)
    if (form.noise) addNoise(data, form.noise)
    const picture = `data/${number}_${index}.png`
    await (await compressed({ data, info }, form)).png().toFile(path.join(out, picture))
    rows.push(`${picture},${group}`)
  }
}
fs.writeFileSync(path.join(out, 'train.csv'), `${rows.join('\n')}\n`)
console.log(`${rows.length - 1} pictures, ${path.join(out, 'train.csv')}`)
