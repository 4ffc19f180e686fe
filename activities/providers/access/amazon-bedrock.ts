// How Amazon Bedrock is reached. Light to import: no code of the vendor's own.

import type { OwnAccess } from '../vendor.ts';

export const amazonBedrockAccess: OwnAccess = {
  fields: ['accessKeyId', 'secretAccessKey', 'sessionToken'],
  addressOf: ({ region }) =>
    region === undefined
      ? null
      : `https://bedrock-runtime.${region}.${DOMAINS[region.split('-')[0] ?? ''] ?? 'amazonaws.com'}`,
  faultOf: ({ region, apiKey, accessKeyId, secretAccessKey }) => {
    if (region === undefined) return "needs a region, AWS's name of it";
    const isSigned = accessKeyId !== undefined && secretAccessKey !== undefined;
    return apiKey === undefined && !isSigned ? 'needs an apiKey, or an accessKeyId and a secretAccessKey' : null;
  },
};

/** By the region's first part. */
const DOMAINS: Readonly<Record<string, string>> = { cn: 'amazonaws.com.cn', eusc: 'amazonaws.eu' };
