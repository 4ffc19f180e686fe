// Azure OpenAI's chat completions: OpenAI's wire, with a deployment for a model. Its package is optional.

import { createAzure } from '@ai-sdk/azure';
import { classifyAzure } from './errors/azure.ts';
import { openai } from './openai.ts';
import type { ModelAddress, Vendor } from './vendor.ts';

export const azure: Vendor = {
  ...openai,
  languageModel: (address) => provider(address).chat(address.model),
  ...(openai.embeddings && {
    embeddings: { ...openai.embeddings, model: (address) => provider(address).embedding(address.model) },
  }),
  requestIdHeader: 'apim-request-id',
  classify: classifyAzure,
};

function provider({ baseUrl, settings, fetch }: ModelAddress): ReturnType<typeof createAzure> {
  return createAzure({
    baseURL: baseUrl,
    apiKey: settings.apiKey ?? '',
    fetch,
    ...(settings.apiVersion !== undefined && { apiVersion: settings.apiVersion }),
    // Versions with a date have the deployment in the path; those without one are one API for all deployments.
    useDeploymentBasedUrls: /^\d/.test(settings.apiVersion ?? ''),
  });
}
