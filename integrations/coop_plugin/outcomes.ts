// What a check means to a rule: a score, an error that no other try will change, or one that passes.
import { ApiProblem, type Check } from 'ntf-client';
import type { ErrorResult, NumberResult } from './contract.ts';

export const OUTPUT_TYPE = { scalarType: 'NUMBER' } as const;
const AI_MADE = 0.99;
const REAL = 0.01;
/** Statuses that say what is wrong with the request; asked again, it would be wrong again. */
const FINAL_STATUSES = new Set([400, 401, 403, 404, 413, 415, 422]);
/** Of checks that failed: faults of the way to the image or of the server, which may be gone at the next try. */
const PASSING_CODES = new Set([
  'fetch_timed_out',
  'fetch_failed',
  'host_busy',
  'decode_timed_out',
  'decoder_unavailable',
  'detector_unavailable',
  'detection_failed',
  'image_not_stored',
  'gave_up',
]);

/** Coop knows a permanent error by this name. */
export class SignalPermanentError extends Error {
  override readonly name = 'SignalPermanentError';
  readonly status = 500;
  readonly type = ['/errors/permanent-signal-error'];
  readonly title: string;

  constructor(title: string) {
    super(title);
    this.title = title;
  }
}

export const scored = (score: number): NumberResult => ({ outputType: OUTPUT_TYPE, score });

export const callsAPerson = (): NumberResult => scored(AI_MADE);

export const permanent = (title: string): ErrorResult => ({ type: 'ERROR', score: new SignalPermanentError(title) });

/** What a check that has ended means.
 * @throws Error where it failed by something that passes. */
export function outcomeOfCheck({ verdict, error }: Check): NumberResult | ErrorResult {
  if (error) {
    if (PASSING_CODES.has(error.code)) throw new Error(error.message);
    return permanent(error.message);
  }
  if (verdict?.human && verdict.human.says !== 'unsure') return scored(verdict.human.says === 'ai' ? AI_MADE : REAL);
  if (verdict?.score == null) return permanent('This image cannot be judged by its pixels.');
  return scored(verdict.score);
}

/** Whether what was thrown will be thrown again for the same input and settings. */
export const isFinal = (error: unknown): error is ApiProblem => error instanceof ApiProblem && FINAL_STATUSES.has(error.status);
