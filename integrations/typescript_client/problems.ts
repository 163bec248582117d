// What the service answers instead of what was asked for: a problem document (RFC 9457).
import type { components } from './schema.d.ts';

export type ProblemDocument = components['schemas']['ProblemBody'];

export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  readonly status: number;
  /** Stable word of the service; `http_503` and its like where something before it answered. */
  readonly code: string;
  readonly retryAfterSeconds: number | null;

  constructor(status: number, document: Partial<ProblemDocument>, retryAfterSeconds: number | null) {
    super(document.detail ?? document.title ?? `The service answered ${status}.`);
    this.status = status;
    this.code = document.code ?? `http_${status}`;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** The problem that an answer of openapi-fetch holds. */
export function problemOf(response: Response, error: unknown): ApiProblem {
  const document = typeof error === 'object' && error !== null ? (error as Partial<ProblemDocument>) : {};
  return new ApiProblem(response.status, document, retryAfterSeconds(response));
}

/** Seconds that the answer asks us to wait (RFC 9110, 10.2.3); null where it says none, or a date. */
export function retryAfterSeconds(response: Response): number | null {
  const given = response.headers.get('Retry-After');
  return given !== null && /^\d+$/.test(given.trim()) ? Number(given) : null;
}
