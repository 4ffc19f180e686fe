import { writeFileSync, renameSync } from 'node:fs';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
const { code } = await bundleWorkflowCode({ workflowsPath: new URL('../../workflows/index.ts', import.meta.url).pathname, logger: new DefaultLogger('WARN') });
writeFileSync('dist/.bundle.tmp', code); renameSync('dist/.bundle.tmp', 'dist/workflows.bundle.js');
