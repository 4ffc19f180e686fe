// What a person is told of, and how often.

import { expect, test } from 'vitest';
import type { Alert } from '../../src/domain/health.ts';
import { Alerts } from '../../src/health/alerts.ts';

const REPEAT_AFTER_MS = 900_000;

class TestAlerts {
  nowMs = 1_000_000;
  readonly raised: Alert[] = [];
  readonly #alerts = new Alerts({
    repeatAfterMs: REPEAT_AFTER_MS,
    now: () => this.nowMs,
    onAlert: (alert) => this.raised.push(alert),
  });

  raise(subject: string, type: Alert['type'] = 'breaker-opened'): void {
    this.#alerts.raise(type, subject, `${subject} is out.`);
  }

  get subjects(): readonly string[] {
    return this.raised.map(({ subject }) => subject);
  }
}

test('a thousand of the same are one', () => {
  const alerts = new TestAlerts();
  for (let count = 0; count < 1_000; count += 1) alerts.raise('a');
  expect(alerts.raised).toEqual([
    {
      type: 'breaker-opened',
      subject: 'a',
      message: 'a is out.',
      atMs: 1_000_000,
      repeatAfterMs: REPEAT_AFTER_MS,
    },
  ]);
});

test('the same is told again after a while, counted from when it was told', () => {
  const alerts = new TestAlerts();
  alerts.raise('a');
  alerts.nowMs += REPEAT_AFTER_MS - 1;
  alerts.raise('a');
  expect(alerts.subjects).toHaveLength(1);
  alerts.nowMs += 1;
  alerts.raise('a');
  expect(alerts.subjects).toHaveLength(2);
});

test('another subject is told, and another type of the same subject', () => {
  const alerts = new TestAlerts();
  alerts.raise('a');
  alerts.raise('b');
  alerts.raise('a', 'account-out');
  expect(alerts.raised.map(({ type, subject }) => `${type} ${subject}`)).toEqual([
    'breaker-opened a',
    'breaker-opened b',
    'account-out a',
  ]);
});

test('of a thousand subjects and more the newest are remembered', () => {
  const alerts = new TestAlerts();
  for (let count = 0; count <= 1_000; count += 1) alerts.raise(`m${count}`);
  alerts.raise('m1000');
  alerts.raise('m1');
  expect(alerts.raised).toHaveLength(1_001);
  alerts.raise('m0');
  expect(alerts.subjects.at(-1)).toBe('m0');
});

test('what may be told again anyhow is forgotten first, not what was told just now once more', () => {
  const alerts = new TestAlerts();
  alerts.raise('again');
  alerts.nowMs += 1;
  for (let count = 0; count < 998; count += 1) alerts.raise(`once${count}`);
  alerts.nowMs += REPEAT_AFTER_MS - 1;
  alerts.raise('again');
  alerts.nowMs += 1;
  alerts.raise('new');
  alerts.raise('newer');
  const before = alerts.raised.length;
  alerts.raise('again');
  expect(alerts.raised).toHaveLength(before);
});
