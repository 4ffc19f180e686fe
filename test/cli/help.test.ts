import { describe, expect, it } from 'vitest';
import { errorLine, runCli } from './run-cli.ts';

const commands = [
  ['serve'],
  ['demo'],
  ['submit'],
  ['get'],
  ['list'],
  ['cancel'],
  ['replay'],
  ['resolve'],
  ['targets'],
  ['targets', 'isolate'],
  ['targets', 'restore'],
  ['batch', 'run'],
  ['batch', 'watch'],
  ['batch', 'cancel'],
  ['batch', 'schedule'],
  ['batch', 'schedules'],
  ['batch', 'unschedule'],
  ['config', 'check'],
];

describe('holdfast', () => {
  it('lists its commands', async () => {
    const { code, stdout } = await runCli(['--help']);
    expect(code).toBe(0);
    for (const [command] of commands) expect(stdout).toMatch(new RegExp(`^  ${command}\\b`, 'm'));
  });

  it.each(commands.map((words) => words.join(' ')))('explains %s, with --json among its options', async (command) => {
    const { code, stdout, stderr } = await runCli([...command.split(' '), '--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(`Usage: holdfast ${command}`);
    expect(stdout).toContain('--json');
  });

  it('fails with one line for an unknown command', async () => {
    const finished = await runCli(['lst']);
    expect(finished).toMatchObject({ code: 1, stdout: '' });
    expect(errorLine(finished)).toContain("unknown command 'lst'");
    expect(finished.stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  it('fails with one line for an unknown role', async () => {
    expect(errorLine(await runCli(['serve', '--role', 'both']))).toContain('Allowed choices are all, api, worker');
  });

  it('has no commands of later issues', async () => {
    const { stdout } = await runCli(['--help']);
    expect(stdout).not.toMatch(/^  models\b/m);
  });
});
