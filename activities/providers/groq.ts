// Groq's chat completions: open models, each with its own words for the effort of reasoning.

import type { ReasoningEffort } from '../../src/domain/prompt.ts';
import { compatibleVendor } from './openai-compatible.ts';
import { classifyGroq } from './errors/groq.ts';
import { OpenaiWireReader } from './openai-wire.ts';
import { isRecord, parseEvent } from './sse.ts';

export const groq = compatibleVendor({
  fields: ({ model, prompt }) => ({
    reasoningEffort: effortWord(model, prompt.params.reasoningEffort),
    // Otherwise its thoughts come as a part of the text; the others do not know the field: https://console.groq.com/docs/reasoning
    reasoning_format: model.startsWith('qwen/') ? 'parsed' : undefined,
    service_tier: prompt.params.serviceTier === 'flex' ? 'flex' : undefined,
  }),
  // https://console.groq.com/docs/prefilling
  continues: () => true,
  newReader: (onText) => new GroqReader(onText),
  classify: classifyGroq,
});

/** Qwen's switch is on or off; the others know three efforts and no off. */
function effortWord(model: string, effort: ReasoningEffort | undefined): string | undefined {
  if (effort === undefined) return undefined;
  if (model.startsWith('qwen/')) return effort === 'none' ? 'none' : 'default';
  if (effort === 'none' || effort === 'minimal') return 'low';
  return effort === 'xhigh' || effort === 'max' ? 'high' : effort;
}

/** The usage may stand inside the vendor's own field only, where the AI SDK does not look. */
class GroqReader extends OpenaiWireReader {
  override take(data: string): string {
    const event = data.includes('"x_groq"') ? parseEvent(data) : null;
    const own = event?.['x_groq'];
    const usage = isRecord(own) ? own['usage'] : undefined;
    return super.take(isRecord(usage) && event?.['usage'] == null ? JSON.stringify({ ...event, usage }) : data);
  }
}
