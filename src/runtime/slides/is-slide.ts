import path from 'node:path'
import { withBytes } from '../data/bytes.ts'
import { onlySlides, pictureEndings, slideEndings } from '../data/picture.ts'
import { mostPixels } from '../data/read-picture.ts'
import { readTiff, tiffMagic, type TiffPage } from '../data/tiff-directories.ts'
import { isSameForm } from './tiff-slide.ts'

/** Whether a file is a slide and no picture: by an ending that only slides have, and of TIFFs by how they are made. */
export async function isSlide(file: string): Promise<boolean> {
  const ending = path.extname(file).toLowerCase()
  if (onlySlides.includes(ending)) return true
  return pictureEndings.includes(ending) && slideEndings.includes(ending) && isSlideTiff(file)
}

/** Several levels of tiles of one form, or tiles of more pixels than a picture is read with. */
function isSlideTiff(file: string): Promise<boolean> {
  return withBytes(file, async (bytes) => {
    if (!tiffMagic.includes((await bytes.at(0, 4)).toString('latin1'))) return false
    const { pages, subPages } = await readTiff(bytes)
    const [full, ...others] = pages as [TiffPage, ...TiffPage[]]
    const isLevel = (page: TiffPage): boolean =>
      page.kind !== 'mask' && page.isTiled && page.width < full.width && isSameForm(full, page)
    return full.isTiled && (full.width * full.height > mostPixels || [...others, ...subPages].some(isLevel))
  }).catch(() => false) // what is wrong with it is said by who reads it
}
