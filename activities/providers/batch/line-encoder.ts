// Lines as a lane's provider takes them. The AI SDK writes the body of a line, which costs far more than the line itself; of
// lines that differ in nothing but their texts it writes the first ones, and the others are made after their image.

import type { CallFailure } from '../../../src/domain/failure.ts';
import type { Prompt } from '../../../src/domain/prompt.ts';
import type { Target } from '../../../src/domain/target.ts';
import { hasFixedRoom } from '../../../src/domain/token-estimate.ts';
import type { BatchConnection } from './lane.ts';
import type { LineWriter } from './line-request.ts';
import { LineTemplate } from './line-template.ts';
import { type PromptShape, shapeOf, withTexts } from './prompt-shape.ts';

interface Line {
  /** As the provider is to know it. */
  readonly id: string;
  readonly prompt: Prompt;
}

export class LineEncoder {
  readonly #target: Target;
  readonly #writer: LineWriter;
  readonly #encode: BatchConnection['encode'];
  /** By the key of the shape. `seen`: it has come up once; `none`: no template can be made of it. */
  readonly #templates = new Map<string, LineTemplate | 'seen' | 'none'>();

  constructor(lane: {
    readonly target: Target;
    readonly writer: LineWriter;
    readonly encode: BatchConnection['encode'];
  }) {
    this.#target = lane.target;
    this.#writer = lane.writer;
    this.#encode = lane.encode;
  }

  /** A line like one that was written before; null: it has to be written. */
  like({ id, prompt }: Line): string | null {
    const shape = this.#shapeOf(prompt);
    const template = shape && this.#templates.get(shape.key);
    return template instanceof LineTemplate ? template.fill(id, shape?.texts ?? []) : null;
  }

  /** The text of the line, or why the lane cannot take it. */
  async write({ id, prompt }: Line): Promise<string | CallFailure> {
    const written = await this.#writer.write(prompt);
    if (written.type === 'failed') return written.failure;
    const encoded = this.#encode({ id, body: written.body });
    const shape = this.#shapeOf(prompt);
    if (shape) await this.#learn(shape, { id, prompt, encoded });
    return encoded;
  }

  /** From the second line of a shape on: where each line has its own, nothing is spent on templates. */
  async #learn({ key, texts }: PromptShape, line: Line & { readonly encoded: string }): Promise<void> {
    if (this.#templates.size >= MOST_SHAPES) this.#templates.clear();
    const known = this.#templates.get(key);
    if (known === undefined) this.#templates.set(key, 'seen');
    if (known !== 'seen') return;
    const [id = '', ...marks] = LineTemplate.marks(texts.length + 1);
    const written = await this.#writer.write(withTexts(line.prompt, marks));
    const template =
      written.type === 'written' && LineTemplate.of(this.#encode({ id, body: written.body }), texts.length + 1);
    // Only if it makes the line that was written in full.
    const isRight = template && template.fill(line.id, texts) === line.encoded;
    this.#templates.set(key, isRight ? template : 'none');
  }

  /** Null where more than the place of a text may depend on it: SDKs leave out empty ones, and trim the last. */
  #shapeOf(prompt: Prompt): PromptShape | null {
    const shape = hasFixedRoom(prompt, this.#target) ? shapeOf(prompt) : null;
    return shape?.texts.every((text) => text !== '' && text.trim().length === text.length) ? shape : null;
  }
}

/** Few, unless every line has its own. */
const MOST_SHAPES = 100;
