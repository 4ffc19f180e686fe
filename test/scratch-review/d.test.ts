import { test } from 'vitest';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { startTestService } from '../support/service.ts';
import { temporalExecutable } from '../support/temporal-executable.ts';
import { Worker, NativeConnection } from '@temporalio/worker';
const run = promisify(execFile);
test('info', async () => {
  const exe = await temporalExecutable();
  const service = await startTestService({ role: 'all' });
  const connection = await NativeConnection.connect({ address: service.temporalAddress });
  const h = await service.temporal.workflow.start('info', { workflowId: 'i1', taskQueue: 'q', args: [0] });
  await new Promise(f => setTimeout(f, 2000));
  const worker = await Worker.create({ connection, taskQueue: 'q', workflowsPath: new URL('./info-workflow.ts', import.meta.url).pathname });
  const p = worker.run();
  console.log('ORIGINAL', (await h.describe()).startTime.toISOString(), await h.result());
  for (const type of ['FirstWorkflowTask', 'LastWorkflowTask']) {
    await run(exe, ['workflow', 'reset', '-w', 'i1', '--type', type, '--reason', 'x', '--address', service.temporalAddress]);
    console.log('RESET', type, await service.temporal.workflow.getHandle('i1').result());
  }
  const h2 = await service.temporal.workflow.start('info', { workflowId: 'i2', taskQueue: 'q', args: [1] });
  console.log('CAN', (await h2.describe()).startTime.toISOString(), await h2.result(), (await h2.describe()).startTime.toISOString());
  const d = await service.temporal.workflow.getHandle('i2').describe();
  console.log(d.startTime.toISOString());
  await run(exe, ['workflow', 'reset', '-w', 'i2', '--type', 'FirstWorkflowTask', '--reason', 'x', '--address', service.temporalAddress]);
  console.log('CAN RESET', await service.temporal.workflow.getHandle('i2').result());
  worker.shutdown(); await p; await connection.close(); await service.stop();
}, 60_000);
