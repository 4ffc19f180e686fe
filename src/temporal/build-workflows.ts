// Bundles the workflows for the worker's sandbox, at build time: bundling at start would take seconds of each start.

import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

const { code } = await bundleWorkflowCode({
  workflowsPath: fileURLToPath(new URL('../../workflows/index.js', import.meta.url)),
  workflowInterceptorModules: [fileURLToPath(new URL('../../workflows/resolver.js', import.meta.url))],
  logger: new DefaultLogger('WARN'),
  // Each workflow evaluates every module of the bundle anew: joined into one, ours cost a fraction of it.
  webpackConfigHook: (config) => ({
    ...config,
    optimization: { ...config.optimization, providedExports: true, usedExports: true, concatenateModules: true },
  }),
});
await writeFile(fileURLToPath(new URL('../../workflows.bundle.js', import.meta.url)), code);
