// OpenAI's clients send null for what they leave out; the domain leaves it out. Knows no field.

export type Given<T> = { [K in keyof T as undefined extends T[K] ? never : null extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : null extends T[K] ? K : never]?: NonNullable<T[K]>;
};

/** The same object without the fields that are null or undefined. */
export function given<T extends object>(fields: T): Given<T> {
  // A loop, as every line of a batch comes by here several times.
  const kept: Partial<T> = {};
  for (const name of Object.keys(fields) as (keyof T)[]) {
    if (fields[name] != null) kept[name] = fields[name];
  }
  return kept as unknown as Given<T>;
}
