import { defineConfig } from 'vitest/config'

// One process for all tests: TensorFlow is loaded once (it costs 400 MB), and two cores are enough for one of it.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 1,
    isolate: false,
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 600_000,
  },
})
