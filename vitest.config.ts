import { defineConfig } from 'vitest/config';

// Two files at a time: many tests start servers and workers, and must hold their pace on two cores.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    globalSetup: [],
  },
});
