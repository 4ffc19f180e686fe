// The answer that a simulated model gives when nothing is wrong. Deterministic: the same request, the same answer.

import type { JsonSchema } from '../../domain/prompt.ts';
import { isJson, parseJson } from '../wires/read-json.ts';
import type { Ask, Reply } from '../wires/wire.ts';
import { instanceOf } from './instance.ts';
import { summarize } from './summary.ts';
import { tokensOf } from './tokens.ts';

export function answer(ask: Ask): Reply {
  if (ask.tool) {
    return callTool(ask, { name: ask.tool.name, arguments: instanceOf(ask.tool.parameters, ask.text) });
  }
  return say(ask, ask.json ? jsonAnswer(ask) : summarize(ask));
}

export function jsonAnswer(ask: Ask): string {
  return JSON.stringify(jsonOf(ask).value);
}

/** A value that fits the schema asked for, or some JSON when there is none. */
export function jsonOf(ask: Ask): { readonly value: unknown; readonly schema: JsonSchema | null } {
  const schema = ask.json?.schema ?? schemaInWords(ask.system);
  return { value: schema ? instanceOf(schema, ask.text) : { answer: summarize(ask) }, schema };
}

/** Says this text, as far as stop sequences and the token limit let it. */
export function say(ask: Ask, text: string): Reply {
  const ends = ask.stop.map((stop) => text.indexOf(stop)).filter((index) => index !== -1);
  const whole = text.slice(0, Math.min(...ends, text.length));
  const rest = ask.prefix !== '' && whole.startsWith(ask.prefix) ? whole.slice(ask.prefix.length) : whole;
  const { kept, isCut } = withinLimit(ask, tokensOf(rest));
  return { ...nothing(ask), text: kept, finish: isCut ? 'length' : 'stop', outputTokens: kept.length };
}

export function callTool(ask: Ask, call: { readonly name: string; readonly arguments: unknown }): Reply {
  const { kept, isCut } = withinLimit(ask, tokensOf(JSON.stringify(call.arguments)));
  return {
    ...nothing(ask),
    toolCall: { name: call.name, arguments: kept },
    finish: isCut ? 'length' : 'tool-calls',
    outputTokens: kept.length,
  };
}

export function nothing(ask: Ask): Reply {
  return { text: [], refusal: [], toolCall: null, finish: 'stop', inputTokens: ask.inputTokens, outputTokens: 0 };
}

function withinLimit({ maxTokens }: Ask, tokens: readonly string[]) {
  const isCut = maxTokens !== null && tokens.length > maxTokens;
  return { kept: isCut ? tokens.slice(0, maxTokens) : tokens, isCut };
}

/** Where a provider takes no schema, clients write it into the system prompt; a good model obeys. */
function schemaInWords(system: string): JsonSchema | null {
  const start = system.indexOf('{');
  const found = start === -1 ? undefined : parseJson(system.slice(start, system.lastIndexOf('}') + 1));
  return isJson(found) && ('type' in found || 'properties' in found) ? found : null;
}
