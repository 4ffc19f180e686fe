// How Vertex AI is reached. Light to import: no code of the vendor's own.

import type { OwnAccess } from '../vendor.ts';

export const googleVertexAccess: OwnAccess = {
  fields: ['project', 'credentials'],
  addressOf: ({ project, region, apiKey }) => {
    if (apiKey !== undefined) return 'https://aiplatform.googleapis.com/v1/publishers/google';
    if (project === undefined || region === undefined) return null;
    return `https://${hostOf(region)}/v1beta1/projects/${project}/locations/${region}/publishers/google`;
  },
  faultOf: ({ project, region, apiKey, credentials }) => {
    if (apiKey !== undefined) return null;
    if (credentials === undefined) return "needs an apiKey, or credentials: a service account's key file, as JSON";
    return project === undefined || region === undefined ? 'needs a project and a region' : null;
  },
};

function hostOf(region: string): string {
  if (region === 'global') return 'aiplatform.googleapis.com';
  return region === 'eu' || region === 'us'
    ? `aiplatform.${region}.rep.googleapis.com`
    : `${region}-aiplatform.googleapis.com`;
}
