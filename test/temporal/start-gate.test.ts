// The queue in front of Temporal: who is sent, who waits, and who is turned away when Temporal goes away.

import { expect, test } from 'vitest';
import { NotSent, StartGate } from '../../src/temporal/start-gate.ts';

/** Starts that the test ends by hand. */
function starts(gate: StartGate, count: number) {
  const sent: { succeed: () => void; fail: (error: Error) => void }[] = [];
  const outcomes = Array.from({ length: count }, () =>
    gate.run(
      () =>
        new Promise<string>((resolve, reject) => {
          sent.push({ succeed: () => resolve('started'), fail: reject });
        }),
    ),
  );
  return { sent, settled: Promise.allSettled(outcomes) };
}

const tick = () => new Promise((resolve) => setImmediate(resolve));

test('no more are sent at once than the gate allows; the next goes when one has ended', async () => {
  const { sent, settled } = starts(new StartGate(2), 4);
  expect(sent).toHaveLength(2);
  for (let ended = 0; ended < 4; ended++) {
    sent[ended]?.succeed();
    await tick();
    expect(sent).toHaveLength(Math.min(4, ended + 3));
  }
  expect((await settled).map(({ status }) => status)).toEqual(Array.from({ length: 4 }, () => 'fulfilled'));
});

test('when Temporal is away, nobody waits in the queue for it: their start was not sent', async () => {
  const gate = new StartGate(1);
  const { sent, settled } = starts(gate, 3);
  sent[0]?.fail(Object.assign(new Error('unavailable'), { code: 14 }));

  const [first, ...queued] = await settled;

  expect(first).toMatchObject({ reason: { code: 14 } });
  expect(queued.every((outcome) => outcome.status === 'rejected' && outcome.reason instanceof NotSent)).toBe(true);
  expect(sent).toHaveLength(1);
  await expect(gate.run(async () => 'later')).resolves.toBe('later');
});

test('a start that is refused for its own sake turns nobody else away', async () => {
  const { sent, settled } = starts(new StartGate(1), 2);
  sent[0]?.fail(new Error('already started'));
  await tick();
  sent[1]?.succeed();
  expect((await settled).map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
});
