// The Workflow Types of the service, and nothing else: the name of each export is its Workflow Type.

export { analysis } from './analysis.ts';
export { batch } from './batch.ts';
export { consensus } from './consensus.ts';
export { embeddings } from './embeddings.ts';
export { failover } from './failover.ts';
export { hedge } from './hedge.ts';
export { providerBatch as 'provider-batch' } from './provider-batch.ts';
export { targetHealth as 'target-health' } from './target-health.ts';
export { webhook } from './webhook.ts';
