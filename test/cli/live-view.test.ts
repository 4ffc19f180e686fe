import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { expect, it, vi } from 'vitest';
import type { InferenceView } from '../../src/cli/api-client.ts';
import { createLiveView } from '../../src/cli/live-view.ts';
import { callObject } from '../../src/http/call-object.ts';
import { inferenceObject } from '../../src/http/inference-object.ts';
import { call, TestInferences } from './service.ts';

/** A stream that says it is a terminal, as far as a spinner asks. */
function terminal(columns = 80) {
  const stream = Object.assign(new PassThrough(), {
    isTTY: true as const,
    columns,
    cursorTo: (column: number) => stream.write(`\u001B[${column + 1}G`),
    clearLine: () => stream.write('\u001B[2K'),
    moveCursor: () => true,
  });
  let written = '';
  stream.on('data', (chunk: Buffer) => (written += chunk.toString('utf8')));
  return { stream, written: () => written };
}

async function view(change: Partial<InferenceView>): Promise<InferenceView> {
  const inferences = new TestInferences();
  inferences.add({ id: 'inf-1' });
  const found = await inferences.get('inf-1');
  if (found.type !== 'found') throw new Error('It was just added.');
  return { ...inferenceObject(found.inference, () => null), ...change };
}

it('shows each call once, above the spinner, and gives the cursor back', async () => {
  const { stream, written } = terminal();
  const live = createLiveView(stream);
  const first = callObject(call({ target: 'sim/a', outcome: 'failed', kind: 'stalled', durationMs: 9 }));
  const second = callObject(call({ target: 'sim/b', durationMs: 7 }));
  live.show(await view({ calls: [first] }));
  live.show(await view({ calls: [first] }));
  live.show(await view({ calls: [first, second], status: 'waiting' }));
  await vi.waitFor(() => expect(written()).toContain('inf-1 waiting'), { timeout: 5_000 });
  live.stop();
  const plain = stripVTControlCharacters(written());
  expect(plain.match(/✗ sim\/a: stalled after 9 ms\n/g)).toHaveLength(1);
  expect(plain.match(/✓ sim\/b: succeeded after 7 ms\n/g)).toHaveLength(1);
  expect(written()).toContain('\u001B[?25l');
  expect(written().lastIndexOf('\u001B[?25h')).toBeGreaterThan(written().lastIndexOf('\u001B[?25l'));
});

it('does not show calls again that a later look cannot see', async () => {
  const { stream, written } = terminal();
  const live = createLiveView(stream);
  const first = callObject(call({ target: 'sim/a' }));
  live.show(await view({ calls: [first] }));
  live.show(await view({ calls: [] }));
  live.show(await view({ calls: [first] }));
  live.stop();
  expect(stripVTControlCharacters(written()).match(/sim\/a/g)).toHaveLength(1);
});

it('writes plain lines to a terminal without a width', async () => {
  const { stream, written } = terminal(0);
  const live = createLiveView(stream);
  live.show(await view({ calls: [callObject(call({ target: 'sim/a', durationMs: 7 }))] }));
  live.note('Once\nmore.');
  live.stop();
  expect(written()).toBe('✓ sim/a: succeeded after 7 ms\nOnce more.\n');
});
