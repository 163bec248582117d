// What the package gives. Types of every call and body stand in `paths` and `components`.
export { checkBytes, checkUrl, howToAsk, waitForEnd, type Asking, type Check, type Verdict } from './checks.ts';
export { createNtfClient, take, type ClientOptions, type NtfClient } from './client.ts';
export { ApiProblem, type ProblemDocument } from './problems.ts';
export { IDEMPOTENCY_KEY, RETRIES, type Fetch, type Retries } from './retries.ts';
export type { components, paths } from './schema.d.ts';
