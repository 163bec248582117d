// The service, as its OpenAPI file describes it. Knows neither the browser nor any page.
import { CheckProblem, problemOfApiCode } from './problems';
import type { Check, ProblemDocument, Says } from './types';

const HOLD_SECONDS = 8;
const POLL_MILLISECONDS = 700;
const STATUS_PROBLEMS: Record<number, 'key_wrong' | 'rate_limited' | 'too_large'> = {
  401: 'key_wrong',
  403: 'key_wrong',
  413: 'too_large',
  429: 'rate_limited',
};

export interface Server {
  /** Origin and path of the service, without a slash at its end. */
  address: string;
  key: string;
}

export interface Wait {
  signal?: AbortSignal;
  onStatus?: (status: Check['status']) => void;
}

/** The newest check of these bytes that has a verdict, or null where this image is not known. */
export async function findVerdict(server: Server, sha256: string, signal?: AbortSignal): Promise<Check | null> {
  try {
    return await call<Check>(server, `/v1/verdicts?sha256=${sha256}`, { signal: signal ?? null });
  } catch (error) {
    if (error instanceof CheckProblem && error.code === 'not_offered') return null;
    throw error;
  }
}

/** Ask about an address that the server fetches itself. */
export function checkUrl(server: Server, url: string, wait: Wait): Promise<Check> {
  const body = JSON.stringify({ url });
  return askAndWait(server, { body, headers: { 'Content-Type': 'application/json' } }, wait);
}

/** Ask about bytes; `url` says where they came from, if they have an address. A screen's picture of an image is no file of it. */
export function checkBytes(server: Server, bytes: Blob, url: string | null, isFromScreen: boolean, wait: Wait): Promise<Check> {
  const body = new FormData();
  body.append('image', bytes, 'image');
  if (url) body.append('url', url);
  if (isFromScreen) body.append('taken_from_screen', 'true');
  return askAndWait(server, { body }, wait);
}

/** A check as it stands now. */
export const readCheck = (server: Server, id: string, signal?: AbortSignal): Promise<Check> =>
  call(server, `/v1/checks/${id}`, { signal: signal ?? null });

/** Say that a verdict is wrong, or right. A reader's word is a hint, not a label. */
export const sendFeedback = (server: Server, id: string, says: Says, reason: string, note: string): Promise<unknown> =>
  post(server, `/v1/checks/${id}/feedback`, { says, reason, ...(note ? { note } : {}) });

/** Ask for a second look by a person. */
export const sendAppeal = (server: Server, id: string, note: string): Promise<unknown> =>
  post(server, `/v1/checks/${id}/appeal`, note ? { note } : {});

/** Take over an invitation: the answer holds a key of the reader's own. */
export async function acceptInvitation(address: string, token: string): Promise<string> {
  const path = `/v1/invitations/${encodeURIComponent(token)}/accept`;
  const answer = await post<Record<string, unknown>>({ address, key: '' }, path, {});
  if (typeof answer.key !== 'string') throw new CheckProblem('refused', 'The answer holds no key.');
  return answer.key;
}

/** Whether the server answers and knows the key.
 * @throws CheckProblem what is wrong. */
export async function tryServer(server: Server): Promise<string> {
  const { models } = await call<{ models: { version: string; is_live: boolean }[] }>(server, '/v1/models', {});
  return models.find((model) => model.is_live)?.version ?? '';
}

/** A picture by its signed address. */
export async function readPicture(server: Server, address: string): Promise<Blob> {
  const answer = await reach(new URL(address, `${server.address}/`).href, {});
  if (!answer.ok) throw await problemOf(answer);
  return answer.blob();
}

async function askAndWait(server: Server, init: RequestInit, { signal, onStatus }: Wait): Promise<Check> {
  const headers = { ...init.headers, Prefer: `wait=${HOLD_SECONDS}` };
  let check = await call<Check>(server, '/v1/checks', { ...init, method: 'POST', headers, signal: signal ?? null });
  while (check.status !== 'done' && check.status !== 'failed') {
    onStatus?.(check.status);
    await pause(POLL_MILLISECONDS, signal);
    check = await readCheck(server, check.id, signal);
  }
  if (check.error) throw problemOfApiCode(check.error.code, check.error.message);
  return check;
}

const post = <Body>(server: Server, path: string, body: object): Promise<Body> =>
  call(server, path, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'Content-Type': 'application/json' },
  });

async function call<Body>(server: Server, path: string, init: RequestInit): Promise<Body> {
  const headers = { ...init.headers, ...(server.key ? { Authorization: `Bearer ${server.key}` } : {}) };
  // A key says who asks. Cookies of the service's own pages would only confuse that.
  const answer = await reach(server.address + path, { ...init, headers, credentials: 'omit' });
  if (!answer.ok) throw await problemOf(answer);
  return (answer.status === 204 ? {} : await answer.json()) as Body;
}

async function reach(address: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(address, init);
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new CheckProblem('server_away');
  }
}

async function problemOf(answer: Response): Promise<CheckProblem> {
  const document = (await answer.json().catch(() => ({}))) as Partial<ProblemDocument>;
  const detail = document.detail ?? `${answer.status} ${answer.statusText}`;
  const retryAfterSeconds = Number(answer.headers.get('Retry-After')) || null;
  const code = STATUS_PROBLEMS[answer.status];
  if (code) return new CheckProblem(code, detail, retryAfterSeconds);
  if (answer.status === 404 || answer.status === 405) return new CheckProblem('not_offered', detail);
  if (answer.status >= 500) return new CheckProblem('server_away', detail, retryAfterSeconds);
  return problemOfApiCode(document.code ?? '', detail);
}

export const pause = (milliseconds: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(new DOMException('stopped', 'AbortError'));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, milliseconds);
    if (signal?.aborted) stop();
    else signal?.addEventListener('abort', stop, { once: true });
  });
