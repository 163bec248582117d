// A `fetch` that asks again where asking again may help. Each POST carries an idempotency key, the same on
// each attempt, so that a lost answer does not make a second check, batch or webhook.
import { setTimeout as sleep } from 'node:timers/promises';
import { retryAfterSeconds } from './problems.ts';

export interface Retries {
  /** Attempts of one request, the first among them. */
  attempts: number;
  /** Milliseconds before the second attempt; doubles with each further one, half of it drawn by lot. */
  firstDelayMs: number;
  /** The longest wait that is kept to, also where the service asks for a longer one: then it is the answer. */
  maxDelayMs: number;
  /** Milliseconds that one attempt may take, its answer's body included. */
  attemptTimeoutMs: number;
}

export const RETRIES: Retries = { attempts: 4, firstDelayMs: 500, maxDelayMs: 20_000, attemptTimeoutMs: 30_000 };
export const IDEMPOTENCY_KEY = 'Idempotency-Key';
const PASSING_STATUSES = new Set([408, 429, 500, 502, 503, 504]);

export type Fetch = (request: Request, init?: RequestInit) => Promise<Response>;

/** Make a `fetch` with these retries. The request's own `signal` ends everything, waits included. */
export function retryingFetch(retries: Retries, inner: Fetch = (request, init) => fetch(request, init)): Fetch {
  return async (request) => {
    if (request.method === 'POST' && !request.headers.has(IDEMPOTENCY_KEY)) {
      request.headers.set(IDEMPOTENCY_KEY, crypto.randomUUID());
    }
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await attemptOnce(request, inner, retries.attemptTimeoutMs);
      const delayMs = planDelay(outcome, attempt, retries);
      if (delayMs === null) {
        if (outcome instanceof Response) return outcome;
        throw outcome;
      }
      if (outcome instanceof Response) await outcome.body?.cancel();
      await sleep(delayMs, undefined, { signal: request.signal });
    }
  };
}

async function attemptOnce(request: Request, inner: Fetch, timeoutMs: number): Promise<Response | Error> {
  try {
    const signal = AbortSignal.any([request.signal, AbortSignal.timeout(timeoutMs)]);
    const response = await inner(request.clone(), { signal });
    return (await isInProgress(response)) ? new InProgress() : response;
  } catch (error) {
    request.signal.throwIfAborted();
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** Milliseconds to the next attempt; null where this outcome is the answer. */
function planDelay(outcome: Response | Error, attempt: number, retries: Retries): number | null {
  if (attempt >= retries.attempts) return null;
  if (outcome instanceof Response && !PASSING_STATUSES.has(outcome.status)) return null;
  const longest = retries.firstDelayMs * 2 ** (attempt - 1);
  const asked = outcome instanceof Response ? (retryAfterSeconds(outcome) ?? 0) * 1000 : 0;
  if (asked > retries.maxDelayMs) return null;
  return Math.max(asked, Math.min(retries.maxDelayMs, longest) * (0.5 + Math.random() / 2));
}

/** An earlier attempt of the same request is still being answered. */
class InProgress extends Error {
  override readonly name = 'InProgress';

  constructor() {
    super('The service is still answering an earlier attempt of this request.');
  }
}

async function isInProgress(response: Response): Promise<boolean> {
  if (response.status !== 409) return false;
  const document = (await response.clone().json().catch(() => ({}))) as { code?: string };
  return document.code === 'request_in_progress';
}
