// Answers that are whole on the wire and yet wrong, or scripted. What breaks on the wire is made in `plan.ts`.

import type { Fault } from '../fault.ts';
import { objectOf, stringsOf } from '../wires/read-json.ts';
import type { Ask, Reply } from '../wires/wire.ts';
import { answer, callTool, jsonAnswer, nothing, say } from './answer.ts';
import { dissent } from './dissent.ts';
import { tokensOf } from './tokens.ts';
import { embeddings } from './vectors.ts';

/** The reply under this fault; a fault that is not about the answer leaves it as it is. */
export function answerWith(ask: Ask, fault: Fault | null): Reply {
  if (ask.embed) return embeddings(ask, ask.embed, fault);
  // Without anybody's injection, so that a split can be seen with curl: `sim-c/dissenting` in a consensus of three.
  const whole = ask.model.startsWith('dissent') ? dissent(ask, ask.model) : answer(ask);
  if (fault?.type === 'empty') return nothing(ask);
  if (fault?.type === 'truncated') return { ...cut(whole, fault.afterTokens), finish: 'length' };
  if (fault?.type === 'cut-as-stop') {
    const short = cut(whole, fault.afterTokens);
    const finish = whole.toolCall ? 'tool-calls' : 'stop';
    return { ...short, finish, outputTokens: fault.outputTokens ?? ask.maxTokens ?? short.outputTokens };
  }
  if (fault?.type === 'refusal') {
    return { ...nothing(ask), refusal: REFUSAL, finish: 'refused', outputTokens: REFUSAL.length };
  }
  if (fault?.type === 'blocked') {
    const { reason } = fault;
    return { ...nothing(ask), finish: 'blocked', ...(reason !== undefined && { blockReason: reason }) };
  }
  if (fault?.type === 'finish') {
    return { ...(fault.text === undefined ? whole : say(ask, fault.text)), rawFinish: fault.reason };
  }
  if (fault?.type === 'wrong-json') return say(ask, wrongJson(ask));
  if (fault?.type === 'fenced-json') return say(ask, `\`\`\`json\n${jsonAnswer(ask)}\n\`\`\``);
  if (fault?.type === 'dissent') return dissent(ask, fault.seed ?? '');
  if (fault?.type === 'answer') return say(ask, fault.text);
  if (fault?.type === 'tool-call') return callTool(ask, fault);
  return whole;
}

const REFUSAL = tokensOf("I'm sorry, but I can't help with that.");

function cut(whole: Reply, afterTokens: number | undefined): Reply {
  const half = (tokens: readonly string[]) => tokens.slice(0, afterTokens ?? Math.floor(tokens.length / 2));
  const text = half(whole.text);
  const toolCall = whole.toolCall && { ...whole.toolCall, arguments: half(whole.toolCall.arguments) };
  return { ...whole, text, toolCall, outputTokens: text.length + (toolCall?.arguments.length ?? 0) };
}

/** An object without what is required; where nothing is, no object at all. */
function wrongJson(ask: Ask): string {
  const isLenient = stringsOf(objectOf(ask.json?.schema)['required']).length === 0;
  return JSON.stringify(isLenient ? ['unexpected'] : { unexpected: 'nobody asked for this' });
}
