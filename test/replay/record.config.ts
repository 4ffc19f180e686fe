import { defineConfig } from 'vitest/config';

export default defineConfig({ test: { include: ['test/replay/record-histories.ts'], pool: 'forks' } });
