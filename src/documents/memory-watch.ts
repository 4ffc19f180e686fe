// A thread of the reading process that ends it when it takes too much memory, of which V8's own limit sees only a part, or
// when the process that it reads for is gone. A thread, since reading may keep the event loop busy until the end.

import { workerData } from 'node:worker_threads';

const { maxBytes } = workerData as { readonly maxBytes: number };
const parent = process.ppid;

setInterval(() => {
  if (process.memoryUsage.rss() > maxBytes || process.ppid !== parent) process.kill(process.pid, 'SIGKILL');
}, 50);
