import { listData } from '../../../src/runtime/data/dataset.ts'
import { samples, testField } from '../network/small.ts'

/** The pictures that tests train on, and one that is not among them. */
export const fields = await listData(samples)
export const others = await listData(testField)
