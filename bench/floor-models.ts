// The names of the models that the benchmark's provider plays: one for each provider entry. Shared with the floor's
// workflow, and so without imports.

export const MODELS = ['model-a', 'model-b', 'model-c'] as const;
