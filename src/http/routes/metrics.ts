// `/metrics`: what Prometheus reads. Without authentication, like the other routes of the service itself: it is for the
// operator's network, see docs/metrics.md.

import type { App } from '../http-context.ts';

export interface MetricsText {
  readonly contentType: string;
  text(): Promise<string>;
}

export function registerMetrics(app: App, metrics: MetricsText): void {
  // Clients have no use for it, and its form is Prometheus', not ours.
  app.get('/metrics', { schema: { hide: true } }, async (_request, reply) => {
    const text = await metrics.text();
    return reply.type(metrics.contentType).send(text);
  });
}
