// How Azure OpenAI is reached. Light to import: no code of the vendor's own.

import type { OwnAccess } from '../vendor.ts';

export const azureAccess: OwnAccess = {
  fields: ['resource', 'apiVersion'],
  addressOf: ({ resource }) => (resource === undefined ? null : `https://${resource}.openai.azure.com/openai`),
  faultOf: ({ resource, baseUrl }) =>
    resource === undefined && baseUrl === undefined ? 'needs a resource or a baseUrl' : null,
};
