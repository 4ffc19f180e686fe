// Azure OpenAI's chat completions: OpenAI's wire, with a deployment for a model. Its package is optional.

import { createAzure } from '@ai-sdk/azure';
import { classifyAzure } from './errors/azure.ts';
import { openai } from './openai.ts';
import type { Vendor } from './vendor.ts';

export const azure: Vendor = {
  ...openai,
  languageModel: ({ model, baseUrl, settings, fetch }) =>
    createAzure({
      baseURL: baseUrl,
      apiKey: settings.apiKey ?? '',
      fetch,
      ...(settings.apiVersion !== undefined && { apiVersion: settings.apiVersion }),
      // Versions with a date have the deployment in the path; those without one are one API for all deployments.
      useDeploymentBasedUrls: /^\d/.test(settings.apiVersion ?? ''),
    }).chat(model),
  requestIdHeader: 'apim-request-id',
  classify: classifyAzure,
};
