// The service's calls, typed by its OpenAPI file: `client.GET('/v1/checks/{check_id}', …)` and its like.
import createClient, { type Client } from 'openapi-fetch';
import { problemOf } from './problems.ts';
import { RETRIES, retryingFetch, type Fetch, type Retries } from './retries.ts';
import type { paths } from './schema.d.ts';

export interface ClientOptions {
  /** Where the service is, such as `https://ntf.example.org`. */
  address: string;
  key: string;
  retries?: Partial<Retries>;
  fetch?: Fetch;
}

export type NtfClient = Client<paths>;

export function createNtfClient({ address, key, retries, fetch: inner }: ClientOptions): NtfClient {
  return createClient<paths>({
    baseUrl: address.replace(/\/+$/, ''),
    headers: { Authorization: `Bearer ${key}` },
    // What openapi-fetch calls with is always a whole request.
    fetch: retryingFetch({ ...RETRIES, ...retries }, inner),
  });
}

/** The answer of a call, or its problem.
 * @throws ApiProblem what the service said instead. */
export async function take<Data>(call: Promise<{ data?: Data; error?: unknown; response: Response }>): Promise<Data> {
  const { data, error, response } = await call;
  if (!response.ok) throw problemOf(response, error);
  return data as Data;
}
