import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runCli } from '../cli/run-cli.ts';
import { startService, TestInferences } from '../cli/service.ts';
import { dockerInstructions, holdfastServices, readCompose, readRootFile, rootPath } from './deploy-files.ts';

const packageJson = JSON.parse(readRootFile('package.json')) as {
  readonly bin: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, string>>;
};

describe('Dockerfile', () => {
  it('copies only files that exist and that .dockerignore lets through', () => {
    const copied = dockerInstructions('COPY')
      .filter((arguments_) => !arguments_.startsWith('--from'))
      .flatMap((arguments_) => arguments_.split(/\s+/).slice(0, -1));
    const letThrough = readRootFile('.dockerignore')
      .split('\n')
      .flatMap((line) => (line.startsWith('!') ? [line.slice(1)] : []));
    expect(copied.sort()).toEqual(letThrough.sort());
    for (const path of copied) expect(existsSync(rootPath(path)), path).toBe(true);
  });

  it('builds with scripts that exist', () => {
    const scripts = dockerInstructions('RUN').flatMap((line) => [...line.matchAll(/npm run ([\w:]+)/g)]);
    expect(scripts.map(([, name]) => name)).toEqual(['build']);
    for (const [, name] of scripts) expect(packageJson.scripts).toHaveProperty(name ?? '');
  });

  it('starts the program by a command that it has', async () => {
    const [command] = dockerInstructions('CMD').slice(-1);
    const [node, main, ...words] = JSON.parse(command ?? '') as string[];
    expect([node, main]).toEqual(['node', packageJson.bin['holdfast']]);
    expect(await runCli([...words, '--help'])).toMatchObject({ code: 0, stderr: '' });
  });

  it('does not run as root', () => {
    expect(dockerInstructions('USER')).toEqual(['node']);
  });

  it('owns the directories that volumes cover', () => {
    const install = dockerInstructions('RUN').find((line) => line.startsWith('install '));
    expect(install).toContain('-o node -g node');
    const covered = holdfastServices(readCompose()).flatMap(({ volumes = [] }) =>
      volumes.flatMap((volume) => (typeof volume === 'string' ? [volume.split(':')[1]] : [])),
    );
    for (const directory of covered) expect(install?.split(/\s+/)).toContain(directory);
  });

  it('asks for its health at a path that answers', async () => {
    const [, url] = /fetch\('([^']+)'\)/.exec(readRootFile('Dockerfile')) ?? [];
    const { port, pathname } = new URL(url ?? expect.fail('There is no address in the health check.'));
    expect(dockerInstructions('EXPOSE')).toEqual([port]);
    expect(dockerInstructions('ENV')[0]).toContain(`HOLDFAST_PORT=${port}`);
    const service = await startService(new TestInferences());
    expect((await fetch(`${service.url}${pathname}`)).status).toBe(200);
    await service.close();
  });
});
