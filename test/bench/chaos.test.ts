// Invariant 24: processes of the service are killed in the middle of a batch whose providers go wrong. `npm run chaos` has
// more seeds.

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Cluster } from '../../bench/chaos/cluster.ts';
import { startCluster } from '../../bench/chaos/cluster.ts';
import { chaosConfig, planOf, runChaos } from '../../bench/chaos/run.ts';
import { FETCH_LIMIT_MS } from '../support/temporal-executable.ts';

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster(chaosConfig);
}, FETCH_LIMIT_MS);
afterAll(() => cluster.stop());

test.each([10, 11, 50])('seed %i: every line ends once, and the bill is the providers own', async (seed) => {
  expect(await runChaos(cluster, planOf(seed))).toMatchObject({ answered: 300, failed: 0, faults: [] });
}, 250_000);

test('a seed says who goes wrong and who is killed, every time the same', () => {
  expect(planOf(7)).toEqual(planOf(7));
  expect(planOf(7)).not.toEqual({ ...planOf(8), seed: 7 });
});
