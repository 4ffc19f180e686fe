// A background response outlives the service that has accepted it, however that ends. Invariant 2.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { OpenAI } from 'openai';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Service } from '../../src/cli/service.ts';
import { eventually } from '../support/polling.ts';
import type { TestService } from '../support/service.ts';
import { startTestService } from '../support/service.ts';
import { FETCH_LIMIT_MS } from '../support/temporal-executable.ts';
import { startAgain } from './support-restart.ts';

let service: TestService;
let second: Service | null = null;

beforeEach(async () => {
  service = await startTestService();
}, FETCH_LIMIT_MS);
afterEach(async () => {
  await second?.stop();
  second = null;
  await service.stop();
});

const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
/** Too long for a history: what the response shows of its request is read from the blob store. */
const instructions = 'Be brief. '.repeat(20_000);
const submission = { model: 'chain', input: 'Say something short.', instructions, background: true, temperature: 0.5 };

function clientOf(url: string | null | undefined): OpenAI {
  return new OpenAI({ apiKey: 'any', baseURL: `${url}/v1`, maxRetries: 0 });
}

/** The whole service as a process of its own, on the data directory of one that was stopped. */
async function serveInProcess() {
  const { TEMPORAL_ADDRESS: _stopped, ...env } = service.env;
  const child = spawn(process.execPath, [MAIN, 'serve', '--json'], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  const url = await eventually(() => /"url": ?"([^"]+)"/.exec(output)?.[1]);
  return {
    url,
    async kill() {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** A call whose worker was killed is missed after 15 s without heartbeats. */
const LOST_LIMIT_MS = 45_000;

async function answeredAfterRestart(accepted: OpenAI.Responses.Response): Promise<void> {
  service.simulator.clear();
  second = await startAgain(service);
  const client = clientOf(second.url);
  const response = await eventually(async () => {
    const latest = await client.responses.retrieve(accepted.id);
    return latest.status === 'completed' ? latest : undefined;
  }, LOST_LIMIT_MS);
  const { model, output, output_text: text, usage } = response;
  expect(text).not.toBe('');
  expect(response).toEqual({ ...accepted, status: 'completed', model, output, output_text: text, usage });
}

test('a background response is answered after a restart', { timeout: 60_000 }, async () => {
  service.simulator.inject({ fault: { type: 'delay', headersMs: 60_000 } });
  const accepted = await clientOf(service.url).responses.create(submission);
  await eventually(() => service.simulator.requests.length === 1);
  await service.service.stop();
  await answeredAfterRestart(accepted);
});

test('a background response is answered after its service was killed', { timeout: 90_000 }, async () => {
  await service.service.stop();
  service.simulator.inject({ fault: { type: 'delay', headersMs: 60_000 } });
  const killed = await serveInProcess();
  let accepted: OpenAI.Responses.Response;
  try {
    accepted = await clientOf(killed.url).responses.create(submission);
    await eventually(() => service.simulator.requests.length === 1);
  } finally {
    await killed.kill();
  }
  await answeredAfterRestart(accepted);
});
