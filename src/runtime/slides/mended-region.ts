import type { Picture } from '../data/picture.ts'
import type { Slide } from './slide.ts'
export interface Damage { readonly level: number; readonly x: number; readonly y: number; readonly width: number; readonly height: number; readonly reason: string }
export const mendedRegion = (slide: Slide, level: number, x: number, y: number, width: number, height: number, _fill: readonly [number, number, number], _onDamage: (damage: Damage) => void): Promise<Picture> => slide.region(level, x, y, width, height)
