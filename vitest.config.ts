import { defineConfig } from 'vitest/config'

// Two processes for all tests: each loads TensorFlow once (it costs 400 MB), and much of the work waits for commands that it starts.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    isolate: false,
    testTimeout: 120_000,
    hookTimeout: 600_000,
  },
})
