// Gemini on Google's Vertex AI: Gemini's own wire at another address and with Google Cloud's credentials, or in express
// mode with a key. Its package is optional.

import { createVertex } from '@ai-sdk/google-vertex';
import { AISDKError } from '@ai-sdk/provider';
import { google } from './google.ts';
import { NotCalledError } from './not-called.ts';
import { isRecord } from './sse.ts';
import type { Access, StreamingModel, Vendor } from './vendor.ts';

// Its embeddings have a wire of their own, which is not spoken here.
const { embeddings: _, ...gemini } = google;

export const googleVertex: Vendor = {
  ...gemini,
  languageModel: ({ model, baseUrl, settings, fetch }) => {
    const { apiKey, project, region } = settings;
    const made = createVertex({
      baseURL: baseUrl,
      fetch,
      // An empty key says that none is meant: the package would look into the environment.
      apiKey: apiKey ?? '',
      ...(apiKey === undefined && {
        project: project ?? '',
        location: region ?? '',
        googleAuthOptions: { credentials: credentialsOf(settings) },
      }),
    })(model);
    return apiKey === undefined ? withCredentials(made) : made;
  },
  providerOptions: (input) => ({ vertex: google.providerOptions(input)['google'] ?? {} }),
};

function credentialsOf({ credentials = '' }: Access): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(credentials);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  if (isRecord(value)) return value;
  throw new NotCalledError('not-configured', 'its credentials are no JSON');
}

/** Before the call itself a token is fetched, by the package and from another server: what fails there is no answer. */
function withCredentials(model: StreamingModel): StreamingModel {
  const withToken = async <T>(call: PromiseLike<T>): Promise<T> => {
    try {
      return await call;
    } catch (error) {
      if (AISDKError.isInstance(error) || !(error instanceof Error)) throw error;
      const isOutOfReach = 'code' in error && NETWORK.test(String(error.code));
      throw isOutOfReach
        ? new NotCalledError('connection', 'its server of tokens', { cause: error })
        : new NotCalledError('auth', 'no token is given for its credentials', { cause: error });
    }
  };
  return {
    doStream: (options) => withToken(model.doStream(options)),
    doGenerate: (options) => withToken(model.doGenerate(options)),
  };
}

const NETWORK = /^(?:E[A-Z]+|5\d\d|UND_ERR_\w+)$/;
