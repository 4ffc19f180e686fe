import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { emptyDirectory, errorLine, runCli } from './run-cli.ts';

const right = `
providers:
  here: { type: openai-compatible, baseUrl: "http://127.0.0.1:1/v1" }
models:
  quick: { targets: [here/small, here/large] }
`;
const wrong = `
providers:
  here: { type: openai-compatible, baseUrl: "http://127.0.0.1:1/v1" }
models:
  quick: { targets: [elsewhere/small], deadline: soon }
  slow: { targets: [], colour: red }
`;

function directoryWith(text: string): string {
  const directory = emptyDirectory();
  writeFileSync(join(directory, 'holdfast.yaml'), text);
  return directory;
}

it('prints every problem with its line, and fails', async () => {
  const finished = await runCli(['config', 'check'], { cwd: directoryWith(wrong) });
  expect(finished.code).toBe(1);
  expect(finished.stdout).toMatch(/^holdfast\.yaml:5: models\.quick\.deadline: /m);
  expect(finished.stdout).toMatch(/^holdfast\.yaml:6: .*colour/m);
  const count = finished.stdout.trimEnd().split('\n').length;
  expect(count).toBeGreaterThanOrEqual(3);
  expect(errorLine(finished)).toBe(`error: holdfast.yaml has ${count} problems.`);
});

it('prints every problem as JSON', async () => {
  const { code, stdout } = await runCli(['config', 'check', '--json'], { cwd: directoryWith(wrong) });
  const { ok, problems } = JSON.parse(stdout) as { ok: boolean; problems: readonly { path: string; line: number }[] };
  expect({ code, ok }).toEqual({ code: 1, ok: false });
  expect(problems).toContainEqual(expect.objectContaining({ path: 'models.quick.deadline', line: 5 }));
});

it('never prints a key', async () => {
  const text = `${right}  broken: { targets: here/small }\n`.replace(
    'type: openai-compatible',
    'type: openai-compatible, apiKey: "sk-very-secret"',
  );
  const { code, stdout, stderr } = await runCli(['config', 'check'], { cwd: directoryWith(text) });
  expect(code).toBe(1);
  expect(stdout + stderr).not.toContain('sk-very-secret');
});

it('prints the chain of each model when all is well', async () => {
  const { code, stdout, stderr } = await runCli(['config', 'check'], { cwd: directoryWith(right) });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^quick +failover +here\/small, here\/large$/m);
});

it('tells each price, and who says so', async () => {
  const text = `
providers:
  openai: { type: openai, apiKey: k }
  here: { type: openai-compatible, baseUrl: "http://127.0.0.1:1/v1" }
targets:
  here/small: { price: { input: 1, output: 2 } }
models:
  quick: { targets: [here/small, here/large], batch: { targets: [openai/gpt-4o] } }
`;
  const { stdout } = await runCli(['config', 'check'], { cwd: directoryWith(text) });
  expect(stdout).toMatch(/^here\/small +1 +2 +unknown +configuration$/m);
  expect(stdout).toMatch(/^here\/large +unknown$/m);
  expect(stdout).toMatch(/^openai\/gpt-4o +2\.5 +10 +× 0\.5 +genai-prices \d+\.\d+\.\d+$/m);
});

it('checks the file that is named instead of the usual one', async () => {
  const named = join(directoryWith(right), 'holdfast.yaml');
  const finished = await runCli(['config', 'check', named, '--json'], { cwd: directoryWith(wrong) });
  expect(JSON.parse(finished.stdout)).toEqual({
    ok: true,
    source: named,
    models: [{ model: 'quick', strategy: 'failover', targets: ['here/small', 'here/large'] }],
    prices: ['here/small', 'here/large'].map((target) => ({ target, price: null, source: null })),
  });
});

it('fails with one line when the named file is not there', async () => {
  const finished = await runCli(['config', 'check', 'absent.yaml']);
  expect(finished.code).toBe(1);
  expect(finished.stdout).toContain("absent.yaml can't be read");
  expect(errorLine(finished)).toBe('error: absent.yaml has one problem.');
});

it('describes what serves without a file', async () => {
  const { code, stdout } = await runCli(['config', 'check']);
  expect(code).toBe(0);
  expect(stdout).toContain('simulated');
});
