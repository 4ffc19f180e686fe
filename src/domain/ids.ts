// Ids of inferences, files and batches. Pure: time and randomness are passed in.

/** Crockford's base 32, as ULIDs use it: sorts like the number it encodes, no look-alike letters. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

interface Moment {
  readonly nowMs: number;
  /** 10 bytes. */
  readonly random: Uint8Array;
}

export function newInferenceId(moment: Moment): string {
  return `inf-${ulid(moment)}`;
}

/** Sorts by time. */
export function newFileId(moment: Moment): string {
  return `file-${ulid(moment)}`;
}

/** Sorts by time. */
export function newBatchId(moment: Moment): string {
  return `batch_${ulid(moment)}`;
}

/** In lower case: 48 bits of time, 80 random bits. */
function ulid({ nowMs, random }: Moment): string {
  if (random.length < 10) throw new RangeError('An id needs 10 random bytes.');
  let bits = BigInt(nowMs);
  for (const byte of random.subarray(0, 10)) bits = (bits << 8n) | BigInt(byte);
  let text = '';
  for (let digit = 0; digit < 26; digit++) {
    text = ALPHABET[Number(bits & 31n)] + text;
    bits >>= 5n;
  }
  return text;
}

const INFERENCE_ID = /^inf-[0-9a-z]{26,64}$/;

/** Whether a text can be an inference's id at all; keeps other workflows of the namespace out of reach. */
export function isInferenceId(text: string): boolean {
  return INFERENCE_ID.test(text);
}

/** The same of a file: its name leads to a blob. */
export function isFileId(text: string): boolean {
  return /^file-[0-9a-z]{26,80}$/.test(text);
}

export function isBatchId(text: string): boolean {
  return /^batch_[0-9a-z]{26,64}$/.test(text);
}

/** Sorts by time. */
export function newAnalysisId(moment: Moment): string {
  return `analysis_${ulid(moment)}`;
}

/** Of a single one, or of a night of a schedule: Temporal puts the time behind its name. */
export function isAnalysisId(text: string): boolean {
  return /^analysis_[0-9a-z]{1,64}(?:-[0-9a-z]{1,64}){0,8}(?:-\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)?$/.test(text);
}

/** How the analysis is called in the names of blobs. */
export function analysisKey(id: string): string {
  return id.toLowerCase().replaceAll(':', '');
}

/** Of a schedule: part of the ids of its analyses. */
export function isScheduleName(text: string): boolean {
  return /^[0-9a-z]{1,20}(?:-[0-9a-z]{1,20}){0,7}$/.test(text);
}
