// Whose text a line passes on, who goes on from where, and when nobody does.

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { FailureKind } from '../../src/domain/failure.ts';
import { Line } from '../../src/lines/line.ts';

const MODEL = 'some-model';
let line: Line;

beforeEach(() => {
  vi.useFakeTimers();
  line = newLine(true);
});
afterEach(() => vi.useRealTimers());

const newLine = (isLive: boolean) => new Line({ url: 'http://api', token: 'token', isLive }, () => undefined);
const begin = (target: string, isRacing = false) => line.attach({ target, runId: 'run-1', isRacing });
const text = () => line.pieces.join('');
const never = new AbortController().signal;

describe('one call after the other', () => {
  test('what a call passes on is the text, in its pieces, and says who serves', () => {
    const call = begin('one/m1');
    call.pass('Hel', MODEL);
    call.pass('lo', MODEL);
    expect(line.pieces).toEqual(['Hel', 'lo']);
    expect(line.served).toEqual({ target: 'one/m1', model: MODEL });
    expect(call.hasPassed).toBe(true);
  });

  test('a call after one that failed before any text begins at the beginning', () => {
    begin('one/m1').end('server-error');
    const second = begin('two/m2');
    expect(second.sofar).toBe('');
    second.pass('Hi', MODEL);
    expect(text()).toBe('Hi');
  });

  test('a call after one that failed within its text goes on from all of it', () => {
    const first = begin('one/m1');
    first.pass('Hel', MODEL);
    first.end('connection');
    const second = begin('two/m2');
    expect(second).toMatchObject({ sofar: 'Hel', isTaken: false, hasPassed: false });
    second.pass('lo', MODEL);
    expect(text()).toBe('Hello');
    expect(line.served?.target).toBe('two/m2');
    expect(line.isInterrupted).toBe(false);
  });

  test('a third goes on from the text of both before it, also when the second gave none', () => {
    const first = begin('one/m1');
    first.pass('a', MODEL);
    first.end('stalled');
    begin('two/m2').end('server-error');
    expect(begin('three/m3').sofar).toBe('a');
  });

  test('a call that begins ends one before it that nobody has told the end of', () => {
    const lost = begin('one/m1');
    lost.pass('Hel', MODEL);
    const next = begin('one/m1');
    expect(next.sofar).toBe('Hel');
    next.pass('lo', MODEL);
    lost.pass('lp!', MODEL);
    expect(text()).toBe('Hello');
  });

  test('one that was taken for lost before its first text never gets its text in, and keeps nobody waiting', () => {
    const lost = begin('one/m1');
    const next = begin('one/m1');
    lost.pass('Late', MODEL);
    expect(text()).toBe('');
    next.pass('Here', MODEL);
    expect(next.isTaken).toBe(false);
    expect(text()).toBe('Here');
  });

  test('a call after one that has answered, as of a worker that died before it could tell, interrupts and is not kept waiting', () => {
    const first = begin('one/m1');
    first.pass('Hello', MODEL);
    first.end(null);
    const second = begin('one/m1');
    expect(line.isInterrupted).toBe(true);
    expect(second).toMatchObject({ sofar: '', isTaken: false });
  });

  test.each<FailureKind>([
    'schema-invalid',
    'refused',
    'content-filtered',
    'empty',
  ])('nobody goes on after a text that was %s', (kind) => {
    const first = begin('one/m1');
    first.pass('Hel', MODEL);
    first.end(kind);
    expect(line.isInterrupted).toBe(false);
    const second = begin('two/m2');
    expect(line.isInterrupted).toBe(true);
    expect(second.sofar).toBe('');
    second.pass('other', MODEL);
    expect(text()).toBe('Hel');
  });

  test.each<FailureKind>([
    'connection',
    'stalled',
    'timeout',
    'malformed',
    'truncated',
    'overloaded',
    'worker-lost',
  ])('the next goes on after a text that broke off by %s', (kind) => {
    const first = begin('one/m1');
    first.pass('Hel', MODEL);
    first.end(kind);
    expect(begin('two/m2').sofar).toBe('Hel');
    expect(line.isInterrupted).toBe(false);
  });

  test('a call that cannot go on interrupts, and nothing of it is passed on', () => {
    const first = begin('one/m1');
    first.pass('Hel', MODEL);
    first.end('connection');
    const second = begin('two/m2');
    second.interrupt();
    second.pass('From the beginning', MODEL);
    expect(second.hasPassed).toBe(false);
    expect(line).toMatchObject({ pieces: ['Hel'], isInterrupted: true });
  });
});

describe('racers', () => {
  test('the first to give a text is the one that is passed on', () => {
    const [one, two] = [begin('one/m1', true), begin('two/m2', true)];
    two.pass('Two', MODEL);
    one.pass('One', MODEL);
    two.pass(' wins', MODEL);
    expect(text()).toBe('Two wins');
    expect(one).toMatchObject({ isTaken: true, hasPassed: false });
    expect(two).toMatchObject({ isTaken: false, hasPassed: true });
  });

  test('that begins when a text is passed on is behind from its beginning', () => {
    begin('one/m1', true).pass('One', MODEL);
    const late = begin('two/m2', true);
    expect(late).toMatchObject({ sofar: '', isTaken: true });
    late.pass('Two', MODEL);
    expect(text()).toBe('One');
  });

  test('one that fails within its text while others run interrupts, and they are passed on no more', () => {
    const [one, two] = [begin('one/m1', true), begin('two/m2', true)];
    one.pass('One', MODEL);
    one.end('connection');
    expect(line.isInterrupted).toBe(true);
    expect(two.isTaken).toBe(false);
    two.pass('Two', MODEL);
    expect(text()).toBe('One');
  });

  test('one that fails within its text alone is gone on from by the next', () => {
    const [one, two] = [begin('one/m1', true), begin('two/m2', true)];
    two.end('server-error');
    one.pass('On', MODEL);
    one.end('connection');
    expect(begin('three/m3', true).sofar).toBe('On');
    expect(line.isInterrupted).toBe(false);
  });

  test('one that fails without text leaves the race to the others', () => {
    const [one, two] = [begin('one/m1', true), begin('two/m2', true)];
    one.end('server-error');
    two.pass('Two', MODEL);
    expect(line).toMatchObject({ pieces: ['Two'], isInterrupted: false });
  });
});

describe('turn', () => {
  const settled = async (turn: Promise<void>) => {
    let isSettled = false;
    void turn.then(() => (isSettled = true));
    await vi.advanceTimersByTimeAsync(0);
    return isSettled;
  };

  test('comes at once where no other text is passed on', async () => {
    const [one] = [begin('one/m1', true), begin('two/m2', true)];
    expect(await settled(one.turn(never))).toBe(true);
    one.pass('One', MODEL);
    expect(await settled(one.turn(never))).toBe(true);
  });

  test('comes when the other fails, or with the signal', async () => {
    const [one, two] = [begin('one/m1', true), begin('two/m2', true)];
    one.pass('One', MODEL);
    const cancel = new AbortController();
    const [turn, cancelled] = [two.turn(never), two.turn(cancel.signal)];
    expect(await settled(turn)).toBe(false);
    cancel.abort();
    expect(await settled(cancelled)).toBe(true);
    expect(await settled(turn)).toBe(false);
    one.end('connection');
    expect(await settled(turn)).toBe(true);
  });

  test('does not come with the answer of the other, but does when nobody has heard of that for 5 s', async () => {
    const [one, two] = [begin('one/m1', true), begin('two/m2', true)];
    one.pass('One', MODEL);
    const turn = two.turn(never);
    one.end(null);
    await vi.advanceTimersByTimeAsync(4_900);
    expect(await settled(turn)).toBe(false);
    await vi.advanceTimersByTimeAsync(200);
    expect(await settled(turn)).toBe(true);
    begin('three/m3', true);
    expect(line.isInterrupted).toBe(true);
  });
});

test('a line that is not live carries only that the client has hung up', () => {
  line = newLine(false);
  const held = line.hold();
  const call = begin('one/m1');
  call.pass('Hello', MODEL);
  call.interrupt();
  expect(call).toMatchObject({ hasPassed: false, isTaken: false });
  expect(line).toMatchObject({ pieces: [], isInterrupted: false });
  held.hangUp('run-1');
  expect(call.hungUp.aborted).toBe(true);
  expect(begin('one/m1').hungUp.aborted).toBe(true);
  const replayed = line.attach({ target: 'one/m1', runId: 'run-of-a-replay', isRacing: false });
  expect(replayed.hungUp.aborted).toBe(false);
});

test('listeners hear of each piece and of an interruption, until they stop', () => {
  const heard = vi.fn();
  const stop = line.hold().onChange(heard);
  const call = begin('one/m1');
  call.pass('a', MODEL);
  call.pass('b', MODEL);
  call.interrupt();
  expect(heard).toHaveBeenCalledTimes(3);
  stop();
  call.end(null);
  expect(heard).toHaveBeenCalledTimes(3);
});

test('a copy takes over any number of pieces at once', () => {
  const pieces = Array.from({ length: 200_000 }, () => 'x');
  line.follow({ pieces, served: { target: 'one/m1', model: MODEL }, isInterrupted: false });
  expect(line.pieces).toHaveLength(200_000);
});
