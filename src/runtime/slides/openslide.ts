import koffi from 'koffi'
import { UserError } from '../../errors.ts'
import type { OpenslideFacts } from './openslide-messages.ts'

/** OpenSlide's C functions, as `openslide.h` of 4.0 declares them; what may take long is done in threads of their own. */
export interface Openslide {
  /** The format's vendor; undefined for what it does not know. */
  vendor(file: string): Promise<string | undefined>
  /** @throws Error in OpenSlide's words. */
  open(file: string): Promise<OpenslideFile>
}

/** An opened slide. An error is sticky on it: what fails once fails ever after, and it is opened anew. */
export interface OpenslideFile {
  /** @throws Error in OpenSlide's words. */
  facts(): Promise<Omit<OpenslideFacts, 'vendor'>>
  /**
   * Pixels of a level, B G R A each, multiplied by alpha; x and y in pixels of level 0.
   * @throws Error in OpenSlide's words, also where another region failed meanwhile.
   */
  region(level: number, x: number, y: number, width: number, height: number): Promise<Buffer>
  /** Nothing may be under way. */
  close(): void
}

type Pointer = unknown
type Call = ReturnType<ReturnType<typeof koffi.load>['func']>

const mostIcc = 1 << 24

/** Loads the library. @throws UserError where it cannot be loaded. */
export function loadOpenslide(library: string): Openslide {
  const lib = loaded(library)
  const detect = lib.func('const char *openslide_detect_vendor(const char *file)')
  const open = lib.func('void *openslide_open(const char *file)')
  const close = lib.func('void openslide_close(void *slide)')
  const errorOf = lib.func('const char *openslide_get_error(void *slide)')
  const levelCount = lib.func('int32_t openslide_get_level_count(void *slide)')
  const levelSize = lib.func(
    'void openslide_get_level_dimensions(void *slide, int32_t level, _Out_ int64_t *width, _Out_ int64_t *height)',
  )
  const downsample = lib.func('double openslide_get_level_downsample(void *slide, int32_t level)')
  const propertyNames = lib.func('void *openslide_get_property_names(void *slide)')
  const property = lib.func('const char *openslide_get_property_value(void *slide, const char *name)')
  const associatedNames = lib.func('void *openslide_get_associated_image_names(void *slide)')
  const associatedSize = lib.func(
    'void openslide_get_associated_image_dimensions(void *slide, const char *name, _Out_ int64_t *width, _Out_ int64_t *height)',
  )
  const iccSize = lib.func('int64_t openslide_get_icc_profile_size(void *slide)')
  const readIcc = lib.func('void openslide_read_icc_profile(void *slide, _Out_ uint8_t *bytes)')
  const read = lib.func(
    'void openslide_read_region(void *slide, _Out_ uint8_t *pixels, int64_t x, int64_t y, int32_t level, int64_t width, int64_t height)',
  )

  /** A list of strings that ends with none. */
  const strings = (list: Pointer): string[] => {
    const found: string[] = []
    for (let at = 0; ; at += 1) {
      const text = koffi.decode(list, at * 8, 'const char *') as string | null
      if (text === null) return found
      found.push(text)
    }
  }
  const sizeOf = (get: (width: bigint[], height: bigint[]) => void): { width: number; height: number } => {
    const [width, height] = [[0n], [0n]]
    get(width, height)
    return { width: Number(width[0]), height: Number(height[0]) }
  }

  return {
    vendor: async (file) => ((await inThread(detect, file)) as string | null) ?? undefined,
    async open(file) {
      const slide: Pointer = await inThread(open, file)
      if (slide === null) throw new Error('OpenSlide does not know its format')
      const fail = (): void => {
        const said = errorOf(slide) as string | null
        if (said !== null) throw new Error(said)
      }
      const opened: OpenslideFile = {
        async facts() {
          const levels = Array.from({ length: levelCount(slide) as number }, (_, level) => ({
            ...sizeOf((width, height) => levelSize(slide, level, width, height)),
            downsample: downsample(slide, level) as number,
          }))
          const properties = new Map(
            strings(propertyNames(slide)).map((name) => [name, (property(slide, name) as string | null) ?? '']),
          )
          const associated = strings(associatedNames(slide)).map((name) => ({
            name,
            ...sizeOf((width, height) => associatedSize(slide, name, width, height)),
          }))
          const length = Number(iccSize(slide))
          const icc = length > 0 && length <= mostIcc ? Buffer.alloc(length) : undefined
          if (icc) await inThread(readIcc, slide, icc)
          fail()
          return { levels, properties, associated, icc }
        },
        async region(level, x, y, width, height) {
          const pixels = Buffer.alloc(4 * width * height)
          await inThread(read, slide, pixels, x, y, level, width, height)
          fail()
          return pixels
        },
        close: () => void close(slide),
      }
      try {
        fail()
        return opened
      } catch (error) {
        opened.close()
        throw error
      }
    },
  }
}

const inThread = (call: Call, ...given: unknown[]): Promise<unknown> =>
  new Promise((resolve, reject) => {
    call.async(...given, (error: Error | null, result: unknown) => (error ? reject(error) : resolve(result)))
  })

function loaded(library: string): ReturnType<typeof koffi.load> {
  try {
    return koffi.load(library)
  } catch (error) {
    throw new UserError(
      `${library} cannot be loaded (${(error as Error).message})`,
      'archc slides remove removes it, and archc slides install brings it again',
    )
  }
}
