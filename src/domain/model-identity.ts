// Which model it is, whoever serves it and under whatever name: two names of one model give no two opinions. Pure.

/**
 * The same text for names that tell the same model: a router's or a region's prefix, a version by date or number and
 * upper case make no other model. A name that an operator made up tells nothing, and is its own model.
 */
export function modelIdentity(model: string): string {
  let identity = model
    .slice(model.lastIndexOf('/') + 1)
    .toLowerCase()
    .replace(PREFIX, '');
  for (let shorter = ''; shorter !== identity; ) {
    shorter = identity;
    identity = identity.replace(VERSION, '');
  }
  return identity;
}

/** As in `eu.maker.model`; a version such as the `4.1` of `gpt-4.1` is none. */
const PREFIX = /^(?:[a-z]+\.)+(?=[a-z])/;

/** As in `-2024-08-06`, `-20240806`, `@20240806`, `-001`, `-2411`, `-latest`, `-v1:0`. */
const VERSION = /(?<=.)(?:[-@]\d{4}-\d{2}-\d{2}|[-@]\d{8}|-\d{3,4}|[-@:]latest|-v\d+(?::\d+)?)$/;
