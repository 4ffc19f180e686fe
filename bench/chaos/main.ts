// `npm run chaos`: runs of chaos one after the other, each by its own seed, and what went wrong in any.

import { parseArgs } from 'node:util';
import { startCluster } from './cluster.ts';
import type { ChaosResult } from './run.ts';
import { chaosConfig, planOf, runChaos } from './run.ts';

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '50' }, seed: { type: 'string', default: '1' } },
});
const [runs, firstSeed] = [Number(values.runs), Number(values.seed)];
if (!Number.isSafeInteger(runs) || runs < 1 || !Number.isSafeInteger(firstSeed)) {
  process.stderr.write('usage: npm run chaos -- [--runs 50] [--seed 1]\n');
  process.exit(2);
}

const cluster = await startCluster(chaosConfig);
let broken = 0;
try {
  for (let seed = firstSeed; seed < firstSeed + runs; seed++) {
    const plan = planOf(seed);
    const kills = plan.kills.map(({ part, afterMs }) => `${part} at ${Math.round(afterMs)} ms`).join(', ');
    const { answered, failed, rescued, isBillKnown, tookMs, faults } = await runChaos(cluster, plan).catch(asBroken);
    const bill = `bill ${isBillKnown ? 'known' : 'unknown'}`;
    const lines = `${answered} answered (${rescued} of them rescued), ${failed} failed`;
    const what = `${lines}, ${bill}, ${(tookMs / 1000).toFixed(1)} s`;
    process.stdout.write(`seed ${seed}: ${faults.length === 0 ? 'ok' : 'BROKEN'}: ${what}; killed: ${kills}\n`);
    for (const fault of faults.slice(0, 10)) process.stdout.write(`  ${fault}\n`);
    if (faults.length > 0) broken += 1;
  }
} finally {
  await cluster.stop();
}
process.stdout.write(`${runs - broken} of ${runs} runs kept every line, every batch and the bill.\n`);
process.exit(broken === 0 ? 0 : 1);

/** One that never ends is one fault; the others still tell something. */
function asBroken(error: unknown): ChaosResult {
  const fault = error instanceof Error ? error.message : String(error);
  return { answered: 0, failed: 0, rescued: 0, isBillKnown: false, tookMs: 0, faults: [fault] };
}
