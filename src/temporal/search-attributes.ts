// The search attributes that lists are filtered by: what an inference starts with, and whether a server knows them (one
// that does not would refuse every start). Never holds a prompt or an answer: search attributes are not encrypted.

import { createHash } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { SearchAttributePair } from '@temporalio/common';
import { defineSearchAttributeKey } from '@temporalio/common';
import { encodeSearchAttributeIndexedValueType } from '@temporalio/common/lib/search-attributes.js';
import type { NativeConnection } from '@temporalio/worker';
import type { InferenceMemo } from '../domain/inference.ts';

export const searchAttributes = {
  model: defineSearchAttributeKey('HoldfastModel', 'KEYWORD'),
  state: defineSearchAttributeKey('HoldfastState', 'KEYWORD'),
  target: defineSearchAttributeKey('HoldfastTarget', 'KEYWORD'),
  tags: defineSearchAttributeKey('HoldfastTags', 'KEYWORD_LIST'),
} as const;

/** `HoldfastState` and `HoldfastTarget` are left to the workflow, which sets them only off the happy path. */
export function startAttributes(memo: Pick<InferenceMemo, 'owner' | 'model' | 'metadata'>): SearchAttributePair[] {
  const tags = Object.entries(memo.metadata).map(([key, value]) => metadataTag(key, value));
  if (memo.owner !== null) tags.unshift(ownerTag(memo.owner));
  return [
    { key: searchAttributes.model, value: memo.model },
    ...(tags.length > 0 ? [{ key: searchAttributes.tags, value: tags }] : []),
  ];
}

export function ownerTag(owner: string): string {
  return `key:${owner}`;
}

/** Readable where it can be; what is long, or holds characters that visibility's queries take for their own, is hashed. */
export function metadataTag(key: string, value: string): string {
  const tag = `meta:${key}=${value}`;
  const isPlain = Buffer.byteLength(tag) <= MAX_TAG_BYTES && !/["\\\p{Cc}]/u.test(tag) && !key.includes('=');
  return isPlain
    ? tag
    : `meta:#${createHash('sha256')
        .update(JSON.stringify([key, value]))
        .digest('hex')}`;
}

/** An inference has up to 16 of them, and Temporal takes 2 KiB for the whole list. */
const MAX_TAG_BYTES = 100;

/** Throws when the namespace lacks an attribute; the message has the command that creates it. Changes nothing. */
export async function checkSearchAttributes(connection: NativeConnection, namespace: string): Promise<void> {
  const { missing, mistyped } = await compare(connection, namespace);
  if (mistyped.length > 0) {
    const names = mistyped.map(({ name, type }) => `${name} (needed as ${typeNames[type]})`).join(', ');
    throw new Error(
      `The namespace "${namespace}" has search attributes of the wrong type: ${names}. A type cannot be changed: use another namespace, or remove them (temporal operator search-attribute remove).`,
    );
  }
  if (missing.length > 0) {
    throw new Error(
      `The namespace "${namespace}" lacks search attributes. Create them, and start again:\n${creationCommand(namespace, missing)}`,
    );
  }
}

/** Creates those that the namespace lacks, and waits until the server knows them all. */
export async function registerSearchAttributes(connection: NativeConnection, namespace: string): Promise<void> {
  const { missing } = await compare(connection, namespace);
  if (missing.length === 0) return checkSearchAttributes(connection, namespace);
  const types = missing.map(({ name, type }) => [name, encodeSearchAttributeIndexedValueType(type) ?? null]);
  await connection.operatorService.addSearchAttributes({ namespace, searchAttributes: Object.fromEntries(types) });
  const giveUpAt = Date.now() + REGISTRATION_LIMIT_MS;
  while ((await compare(connection, namespace)).missing.length > 0 && Date.now() < giveUpAt) await setTimeout(POLL_MS);
  return checkSearchAttributes(connection, namespace);
}

const REGISTRATION_LIMIT_MS = 10_000;
const POLL_MS = 20;

type Key = (typeof searchAttributes)[keyof typeof searchAttributes];

/** As the Temporal CLI spells them. */
const typeNames = { KEYWORD: 'Keyword', KEYWORD_LIST: 'KeywordList' } as const;

async function compare(
  connection: NativeConnection,
  namespace: string,
): Promise<{ readonly missing: readonly Key[]; readonly mistyped: readonly Key[] }> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const keys = Object.values(searchAttributes);
  return {
    missing: keys.filter(({ name }) => customAttributes[name] === undefined),
    mistyped: keys.filter(
      ({ name, type }) =>
        customAttributes[name] !== undefined && customAttributes[name] !== encodeSearchAttributeIndexedValueType(type),
    ),
  };
}

function creationCommand(namespace: string, missing: readonly Key[]): string {
  const attributes = missing.map(({ name, type }) => `--name ${name} --type ${typeNames[type]}`);
  return `  temporal operator search-attribute create --namespace ${namespace} ${attributes.join(' ')}`;
}
