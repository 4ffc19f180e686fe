// Search attributes on a real server.

import type { NativeConnection } from '@temporalio/worker';
import { describe, expect, it } from 'vitest';
import { checkSearchAttributes, searchAttributes, startAttributes } from '../../src/temporal/search-attributes.ts';
import { eventually } from '../support/polling.ts';
import { clientOf, connectionOf, run, start, useServers } from './servers.ts';

useServers();

describe('the embedded server', () => {
  it('takes workflows with all search attributes as soon as it has started', async () => {
    const client = await clientOf(await start());
    const memo = { owner: 'alice', model: 'summarize', metadata: { team: 'a=b' } };
    const handle = await client.workflow.start('absent', {
      workflowId: 'tagged',
      taskQueue: 'nobody',
      typedSearchAttributes: [
        ...startAttributes(memo),
        { key: searchAttributes.state, value: 'waiting' },
        { key: searchAttributes.target, value: 'openai/gpt-4o' },
      ],
    });
    const { typedSearchAttributes } = await handle.describe();
    expect(typedSearchAttributes.get(searchAttributes.model)).toBe('summarize');
    expect(typedSearchAttributes.get(searchAttributes.tags)).toEqual(['key:alice', 'meta:team=a=b']);
  });
});

describe('a namespace of another server', () => {
  it('is refused without the search attributes, and accepted after the command that is printed', async () => {
    const server = await start();
    const connection = await connectionOf(server);
    run(['operator', 'namespace', 'create', '--namespace', 'bare', '--address', server.address]);
    const message = await eventually(() => problemOf(connection));
    const command = message.split('\n').at(-1)?.trim() ?? '';
    expect(command).toBe(
      'temporal operator search-attribute create --namespace bare' +
        ' --name HoldfastModel --type Keyword --name HoldfastState --type Keyword' +
        ' --name HoldfastTarget --type Keyword --name HoldfastTags --type KeywordList',
    );
    run([...command.split(' ').slice(1), '--address', server.address]);
    await eventually(async () => (await problemOf(connection)) === null);
  });

  it('is refused when an attribute has another type', async () => {
    const server = await start();
    run(['operator', 'namespace', 'create', '--namespace', 'bare', '--address', server.address]);
    const create = ['operator', 'search-attribute', 'create', '--namespace', 'bare', '--address', server.address];
    run([...create, '--name', 'HoldfastTags', '--type', 'Text']);
    const connection = await connectionOf(server);
    await eventually(async () => (await problemOf(connection))?.includes('HoldfastTags (needed as KeywordList)'));
  });
});

/** What is wrong with the search attributes of the namespace "bare", or null. */
function problemOf(connection: NativeConnection): Promise<string | null> {
  return checkSearchAttributes(connection, 'bare').then(
    () => null,
    (error: Error) => error.message,
  );
}
