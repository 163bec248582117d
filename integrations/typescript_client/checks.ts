// Ask about one image and wait for its verdict.
import { setTimeout as sleep } from 'node:timers/promises';
import { take, type NtfClient } from './client.ts';
import { IDEMPOTENCY_KEY } from './retries.ts';
import type { components } from './schema.d.ts';

export type Check = components['schemas']['CheckBody'];
export type Verdict = components['schemas']['VerdictBody'];

const HOLD_SECONDS = 8; // the service holds an answer no longer
const POLL_MS = 700;

export interface Asking {
  /** The page that showed the image. */
  pageUrl?: string;
  /** Ends the wait; the check goes on at the service. */
  signal?: AbortSignal;
  /** Seconds that the service may hold its first answer; at most 8. */
  holdSeconds?: number;
  /** One's own name for this request; asked again under it, the first answer comes once more. */
  idempotencyKey?: string;
}

/** The check of what an address shows, when it has ended; `status` says how.
 * @throws ApiProblem what the service said instead; the signal's own reason where it ended the wait. */
export async function checkUrl(client: NtfClient, url: string, asking: Asking = {}): Promise<Check> {
  const body = { url, ...(asking.pageUrl ? { page_url: asking.pageUrl } : {}) };
  const first = await take<Check>(client.POST('/v1/checks', { body, ...howToAsk(asking) }));
  return waitForEnd(client, first, asking.signal);
}

/** The check of bytes. `url` says where they came from, if they have an address.
 * @throws as `checkUrl`. */
export async function checkBytes(client: NtfClient, bytes: Blob, asking: Asking & { url?: string } = {}): Promise<Check> {
  const form = new FormData();
  form.append('image', bytes, 'image');
  if (asking.url) form.append('url', asking.url);
  if (asking.pageUrl) form.append('page_url', asking.pageUrl);
  // The document describes the form; openapi-fetch sends what it is given.
  const body = form as unknown as { image: string };
  const sending = client.POST('/v1/checks', { body, bodySerializer: () => form, ...howToAsk(asking) });
  return waitForEnd(client, await take<Check>(sending), asking.signal);
}

/** Look again and again until the check has ended. */
export async function waitForEnd(client: NtfClient, check: Check, signal?: AbortSignal): Promise<Check> {
  while (check.status !== 'done' && check.status !== 'failed') {
    await sleep(POLL_MS, undefined, { signal });
    const params = { path: { check_id: check.id } };
    check = await take<Check>(client.GET('/v1/checks/{check_id}', { params, signal }));
  }
  return check;
}

/** Headers and signal of a request that asks for a check. */
export function howToAsk({ signal, holdSeconds = HOLD_SECONDS, idempotencyKey }: Asking) {
  const headers: Record<string, string> = { Prefer: `wait=${Math.min(holdSeconds, HOLD_SECONDS)}` };
  if (idempotencyKey) headers[IDEMPOTENCY_KEY] = idempotencyKey;
  return { headers, signal: signal ?? null };
}
