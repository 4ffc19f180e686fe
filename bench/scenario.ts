// What every scenario of the benchmark is given, and what it comes to.

export const scenarioNames = [
  'failover',
  'consensus',
  'hedge',
  'streams',
  'tail',
  'accuracy',
  'batches',
  'rescue',
] as const;
export type ScenarioName = (typeof scenarioNames)[number];

export interface ScenarioOptions {
  /** A look at it, with wide errors. */
  readonly quick: boolean;
  /** Null: as the scenario has it. */
  readonly rounds: number | null;
  /** Null: as the scenario has it. */
  readonly turnMs: number | null;
  /** Where the services leave CPU profiles; null: none are taken. */
  readonly profileDir: string | null;
  /** Of latencies, documents and errors: the same seed, the same ones. */
  readonly seed: string;
  /** Takes lines about how far it is. */
  readonly note: (line: string) => void;
}

export interface ScenarioReport {
  readonly name: ScenarioName;
  /** For people, in order: a line, or the rows of a table, of which the first is the heading. */
  readonly sections: readonly (string | readonly (readonly string[])[])[];
  /** For programs. */
  readonly figures: object;
}
