// The providers that batches of the benchmark go to, in a process of their own: nothing of it is counted. At each of them
// a few lines end in an error of their own, and have to go on to the next lane.

import { startSimulator } from '../src/simulator/simulator.ts';

const FAILING = 0.01;

const simulator = await startSimulator();
simulator.injectBatch({
  fault: { type: 'line-error', share: { of: FAILING }, status: 500, body: { error: { message: 'Something broke.' } } },
});
process.stdout.write(`${JSON.stringify({ url: simulator.url })}\n`);
