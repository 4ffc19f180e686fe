import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { providerFacts, providerTypes } from '../../activities/providers/registry.ts';
import { loadSettings } from '../../src/config/settings.ts';
import { startService, TestInferences } from '../cli/service.ts';
import {
  environmentOf,
  holdfastServices,
  offeredVariables,
  readCompose,
  readRootFile,
  rootPath,
} from './deploy-files.ts';

const compose = readCompose();
const services = Object.entries(compose.services);
const replicas = holdfastServices(compose);

/** What an operator has to set, as `.env` would. */
const values = {
  POSTGRES_PASSWORD: 'secret',
  HOLDFAST_API_KEYS: `me:${'a'.repeat(64)}:operator`,
  OPENAI_API_KEY: 'sk-test',
};

describe('docker-compose.yml', () => {
  it('satisfies the Compose specification', () => {
    const validate = composeSchema();
    expect(validate(compose), JSON.stringify(validate.errors)).toBe(true);
    const broken = { ...compose, services: { ...compose.services, extra: { image: 'x', prots: [] } } };
    expect(validate(broken)).toBe(false);
  });

  it('waits for services that exist and can become what is waited for', () => {
    const waits = services.flatMap(([, { depends_on: dependencies = {} }]) => Object.entries(dependencies));
    expect(waits.length).toBeGreaterThan(0);
    for (const [name, { condition }] of waits) {
      const service = compose.services[name];
      expect(service, name).toBeDefined();
      // A service that ends must not be started again for it, and one that is waited for as healthy must say so.
      if (condition === 'service_completed_successfully') expect(service?.restart).toMatch(/^on-failure/);
      else expect(service?.healthcheck, name).toBeDefined();
    }
  });

  it('checks the health of everything that keeps running', () => {
    for (const [name, service] of services) {
      if (service.restart === 'unless-stopped') expect(service.healthcheck, name).toBeDefined();
    }
  });

  it('mounts only files and volumes that exist', () => {
    const yours = new Map([['./holdfast.yaml', './holdfast.example.yaml']]);
    const used = new Set<string>();
    for (const source of services.flatMap(([, { volumes = [] }]) => volumes.map(sourceOf))) {
      if (source.startsWith('.')) expect(existsSync(rootPath(yours.get(source) ?? source)), source).toBe(true);
      else used.add(source);
    }
    expect([...used].sort()).toEqual(Object.keys(compose.volumes).sort());
  });

  it('runs only scripts that exist', () => {
    const scripts = services.flatMap(([, { command = [] }]) => command.filter((word) => word.startsWith('/deploy/')));
    expect(scripts).toHaveLength(2);
    for (const script of scripts) execFileSync('sh', ['-n', rootPath(`.${script}`)]);
    const dynamic = compose.services['temporal']?.environment['DYNAMIC_CONFIG_FILE_PATH'];
    expect(existsSync(rootPath(`.${dynamic}`))).toBe(true);
  });

  it('publishes each port once, and to this machine only', () => {
    const published = services.flatMap(([, { ports = [] }]) => ports).map((port) => port.split(':'));
    expect(published.map(([address]) => address)).toEqual(published.map(() => '127.0.0.1'));
    const hostPorts = published.map(([, port]) => port);
    expect(new Set(hostPorts).size).toBe(hostPorts.length);
  });

  it('holds no secret, and offers every variable that it wants in the example', () => {
    const secrets = services.flatMap(([, { environment }]) =>
      Object.entries(environment).filter(([name]) => /PASSWORD|PWD|_KEYS?$/.test(name)),
    );
    expect(secrets.length).toBeGreaterThan(3);
    for (const [name, value] of secrets) expect(value ?? '${', name).toMatch(/^\$\{/);
    const wanted = [...readRootFile('docker-compose.yml').matchAll(/\$\{([A-Z_]+):\?/g)].map(([, name]) => name);
    expect(offeredVariables('deploy/env.example')).toEqual(expect.arrayContaining(wanted));
    for (const line of readRootFile('deploy/env.example').split('\n')) expect(line).not.toMatch(/^\w+=./);
  });

  it('takes Temporal tools, server and UI of the tested versions', () => {
    const images = services.map(([, { image }]) => image).filter((image) => image.startsWith('temporalio/'));
    expect(new Set(images)).toEqual(
      new Set(['temporalio/admin-tools:1.32.0', 'temporalio/server:1.32.0', 'temporalio/ui:2.54.1']),
    );
  });
});

describe('the replicas of Holdfast', () => {
  it('are two alike, but for the port that they publish', () => {
    expect(replicas).toHaveLength(2);
    const [first, second] = replicas.map(({ ports, ...rest }) => ({ ports, rest }));
    expect(first?.rest).toEqual(second?.rest);
    expect(first?.ports).not.toEqual(second?.ports);
  });

  it('have settings that Holdfast knows and accepts', () => {
    const known = knownSettings();
    for (const replica of replicas) {
      expect(loadSettings(environmentOf(replica, values))).toMatchObject({
        host: '0.0.0.0',
        port: { asked: true },
        apiKeys: [{ name: 'me', operator: true }],
        temporal: { hasAddress: true },
      });
      const ours = Object.keys(replica.environment).filter((name) => name.startsWith('HOLDFAST_'));
      expect(ours.filter((name) => !known.has(name))).toEqual([]);
    }
  });

  it('refuse to start without API keys', () => {
    expect(() => environmentOf(replicas[0] ?? expect.fail(), { POSTGRES_PASSWORD: 'x' })).toThrow('HOLDFAST_API_KEYS');
  });

  it('are handed the keys of all providers that are known', () => {
    const known = providerTypes.flatMap((type) => providerFacts(type).keyVariable ?? []);
    for (const { environment } of replicas) {
      const passed = Object.entries(environment).filter(([, value]) => value === null);
      expect(passed.map(([name]) => name).sort()).toEqual(known.sort());
    }
  });

  it('reach the Temporal server of the same file, in the namespace that is set up', () => {
    const setUp = compose.services['temporal-namespace']?.environment;
    for (const replica of replicas) {
      const { connectionOptions, namespace } = connectConfig(environmentOf(replica, values));
      expect(connectionOptions.address).toBe('temporal:7233');
      expect(namespace).toBe(setUp?.['TEMPORAL_NAMESPACE']);
      expect(connectionOptions.address).toBe(setUp?.['TEMPORAL_ADDRESS']);
    }
  });

  it('link to the Temporal UI where it is published', () => {
    const [port] = compose.services['temporal-ui']?.ports ?? [];
    for (const replica of replicas) {
      const settings = loadSettings(environmentOf(replica, values));
      expect(`127.0.0.1:${new URL(settings.temporal.uiUrl ?? '').port}:8080`).toBe(port);
    }
  });

  it('read the configuration file where it is mounted, and share the blobs of their data directory', () => {
    for (const replica of replicas) {
      const settings = loadSettings(environmentOf(replica, values));
      const targets = (replica.volumes ?? []).map(targetOf);
      expect(targets).toContain(settings.configPath);
      expect(replica.volumes).toContain(`blobs:${settings.dataDir}/blobs`);
      // Nothing else of it is shared.
      expect(targets).not.toContain(settings.dataDir);
    }
  });

  it('are asked for their health at the port that they listen on and a path that answers', async () => {
    const service = await startService(new TestInferences());
    for (const replica of replicas) {
      const [, url] = /fetch\('([^']+)'\)/.exec(replica.healthcheck?.test.join(' ') ?? '') ?? [];
      const { port, pathname } = new URL(url ?? expect.fail('There is no address in the health check.'));
      expect(port).toBe(environmentOf(replica, values)['HOLDFAST_PORT']);
      expect(replica.ports?.[0]?.split(':')[2]).toBe(port);
      expect((await fetch(`${service.url}${pathname}`)).status).toBe(200);
    }
    await service.close();
  });
});

it('mentions no setting in docs/operations.md that does not exist', () => {
  const known = new Set([...knownSettings(), 'TEMPORAL_NAMESPACE', 'TEMPORAL_API_KEY', 'TEMPORAL_ADDRESS']);
  for (const name of ['TEMPORAL_TLS_CLIENT_CERT_PATH', 'TEMPORAL_TLS_CLIENT_KEY_PATH']) known.add(name);
  const text = readRootFile('docs/operations.md');
  const mentioned = [...text.matchAll(/\b(?:HOLDFAST|TEMPORAL)_[A-Z_]+\b/g)].map(([name]) => name);
  expect(mentioned.length).toBeGreaterThan(5);
  expect(mentioned.filter((name) => !known.has(name))).toEqual([]);
  for (const [file] of text.matchAll(/\bdeploy\/[\w.-]+\b/g)) expect(existsSync(rootPath(file)), file).toBe(true);
});

it('keeps everything in deploy/ in use', () => {
  const users = readRootFile('docker-compose.yml') + readRootFile('docs/operations.md');
  for (const file of readdirSync(rootPath('deploy'))) expect(users).toContain(`deploy/${file}`);
});

/** The specification's schema, as the linter dclint ships it. */
function composeSchema() {
  const directory = dirname(createRequire(import.meta.url).resolve('dclint/package.json'));
  const { $schema: _, ...schema } = JSON.parse(readFileSync(join(directory, 'schemas/compose.schema.json'), 'utf8'));
  return new Ajv({ strict: false, allErrors: true, validateFormats: false }).compile(schema);
}

/** The names of all variables that are asked for. */
function knownSettings(): ReadonlySet<string> {
  const asked = new Set<string>();
  const get = (_: object, name: string | symbol) => void asked.add(String(name));
  loadSettings(new Proxy({}, { get }));
  return asked;
}

function connectConfig(environment: Readonly<Record<string, string>>) {
  return loadClientConnectConfig({ overrideEnvVars: { ...environment } });
}

function sourceOf(volume: string | { readonly source: string }): string {
  return typeof volume === 'string' ? (volume.split(':')[0] ?? '') : volume.source;
}

function targetOf(volume: string | { readonly target: string }): string {
  return typeof volume === 'string' ? (volume.split(':')[1] ?? '') : volume.target;
}
