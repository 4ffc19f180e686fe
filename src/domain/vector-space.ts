// Which model's vectors they are. Stricter than `modelIdentity`: there a doubt costs a vote, here it would cost whatever
// the vectors are stored for. Pure.

/**
 * The same text for names that tell the same model: a router's or a region's prefix, a maker's, upper case and the tag
 * that stands for none make no other model. A number or a date does: `text-embedding-004` and `-005` are two models.
 */
export function vectorSpace(model: string): string {
  return model
    .slice(model.lastIndexOf('/') + 1)
    .toLowerCase()
    .replace(PREFIX, '')
    .replace(NO_TAG, '');
}

/** As in `eu.maker.model`; a version such as the `v2.0` of `embed-english-v2.0` is none. */
const PREFIX = /^(?:[a-z]+\.)+(?=[a-z])/;

/** As in `model:latest` and `model-v2:0`. */
const NO_TAG = /:(?:latest|0)$/;
