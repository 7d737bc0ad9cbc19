/** Table K.1 of the JPEG standard (ITU-T T.81): steps of brightness at quality 50, row by row. */
const brightness = [
  [16, 11, 10, 16, 24, 40, 51, 61],
  [12, 12, 14, 19, 26, 58, 60, 55],
  [14, 13, 16, 24, 40, 57, 69, 56],
  [14, 17, 22, 29, 51, 87, 80, 62],
  [18, 22, 37, 56, 68, 109, 103, 77],
  [24, 35, 55, 64, 81, 104, 113, 92],
  [49, 64, 78, 87, 103, 121, 120, 101],
  [72, 92, 95, 98, 112, 100, 103, 99],
].flat()

/** Table K.2: steps of both colours. */
const colour = [
  [17, 18, 24, 47, 99, 99, 99, 99],
  [18, 21, 26, 66, 99, 99, 99, 99],
  [24, 26, 56, 99, 99, 99, 99, 99],
  [47, 66, 99, 99, 99, 99, 99, 99],
  ...Array.from({ length: 4 }, () => Array.from({ length: 8 }, () => 99)),
].flat()

/** The steps of libjpeg's quality, an integer of 1 to 100, as its jpeg_quality_scaling makes them for baseline files; row by row. */
export function stepsOf(quality: number): { readonly brightness: readonly number[]; readonly colour: readonly number[] } {
  const percent = quality < 50 ? Math.floor(5000 / quality) : 200 - 2 * quality
  const scaled = (table: readonly number[]): number[] =>
    table.map((step) => Math.min(255, Math.max(1, Math.floor((step * percent + 50) / 100))))
  return { brightness: scaled(brightness), colour: scaled(colour) }
}
