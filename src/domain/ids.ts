// Ids of inferences. Pure: time and randomness are passed in.

/** Crockford's base 32, as ULIDs use it: sorts like the number it encodes, no look-alike letters. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

/** `inf-` and a lower-case ULID: 48 bits of time, 80 random bits. */
export function newInferenceId(input: { readonly nowMs: number; readonly random: Uint8Array }): string {
  const { nowMs, random } = input;
  if (random.length < 10) throw new RangeError('An inference id needs 10 random bytes.');
  let bits = BigInt(nowMs);
  for (const byte of random.subarray(0, 10)) bits = (bits << 8n) | BigInt(byte);
  let text = '';
  for (let digit = 0; digit < 26; digit++) {
    text = ALPHABET[Number(bits & 31n)] + text;
    bits >>= 5n;
  }
  return `inf-${text}`;
}

const INFERENCE_ID = /^inf-[0-9a-z]{26,64}$/;

/** Whether a text can be an inference's id at all; keeps other workflows of the namespace out of reach. */
export function isInferenceId(text: string): boolean {
  return INFERENCE_ID.test(text);
}
