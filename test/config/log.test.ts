// The log: what must never get into it.

import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createLogger } from '../../src/log.ts';

function written(write: (logger: ReturnType<typeof createLogger>) => void, pretty = false): string {
  let text = '';
  const stream = new Writable({
    write(chunk, _, done) {
      text += String(chunk);
      done();
    },
  });
  write(createLogger({ level: 'info', pretty, stream }));
  return text;
}

describe('the log', () => {
  it('writes one line of JSON with level, time and fields', () => {
    const line = written((logger) => logger.child({ component: 'chain' }).warn({ target: 'a/b', attempt: 2 }, 'slow'));
    expect(JSON.parse(line)).toEqual({
      level: 'warn',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      component: 'chain',
      target: 'a/b',
      attempt: 2,
      msg: 'slow',
    });
  });

  it('leaves out what is below its level', () => {
    expect(written((logger) => logger.debug('detail'))).toBe('');
  });

  it.each([
    'apiKey',
    'api_key',
    'Authorization',
    'x-api-key',
    'prompt',
    'messages',
    'answer',
    'content',
    'system',
  ])('holds no %s, however deep in a logged object', (field) => {
    const value = { calls: [{ input: { [field]: 'SECRET' } }], [field]: ['SECRET'], headers: { [field]: 'SECRET' } };
    const line = written((logger) => logger.info({ request: value, ...value }, 'whole object'));
    expect(line).toContain('[redacted]');
    expect(line).not.toContain('SECRET');
  });

  it('keeps counts that are called like a secret', () => {
    const line = written((logger) => logger.info({ usage: { input: 12, output: 34 } }, 'ended'));
    expect(JSON.parse(line)).toMatchObject({ usage: { input: 12, output: 34 } });
  });

  it('keeps of an error its message, code, stack and causes, and none of its other fields', () => {
    const cause = Object.assign(new Error('refused'), { code: 'ECONNREFUSED', requestBodyValues: { a: 'SECRET' } });
    const error = Object.assign(new TypeError('failed', { cause }), { url: 'SECRET', responseBody: 'SECRET' });
    for (const line of [
      written((logger) => logger.error({ err: error }, 'call failed')),
      written((logger) => logger.error(error, 'call failed')),
      written((logger) => logger.error({ reason: { err: error } }, 'call failed')),
    ]) {
      expect(line).not.toContain('SECRET');
      expect(line).toContain('"type":"TypeError","message":"failed"');
      expect(line).toContain('"code":"ECONNREFUSED"');
    }
  });

  it('ends with an object that holds itself', () => {
    const round: Record<string, unknown> = {};
    round['self'] = round;
    expect(written((logger) => logger.info({ round }, 'round'))).toContain('[nested]');
  });

  it('is readable for a person when asked to be', () => {
    const line = written(
      (logger) => logger.info({ component: 'chain', target: 'a/b', prompt: undefined }, 'slow'),
      true,
    );
    expect(line).toMatch(/INFO.*chain: slow\n\s+target: "a\/b"/);
  });
});
