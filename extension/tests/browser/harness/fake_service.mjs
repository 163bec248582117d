// The service as the extension sees it, with what arrived there kept. It judges nothing.
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { makePng, pngSides, sha256 } from './png.mjs';

export const KEY = 'a-key-for-tests';

export async function startService() {
  const service = { arrivals: [], feedback: [], appeals: [], checks: new Map(), known: new Map(), human: null, nextProblem: null, requests: [], inFlight: 0, mostInFlight: 0, holdMilliseconds: 0 };
  const server = createServer((request, response) => {
    service.requests.push(`${request.method} ${request.url}`);
    hold(service, () => answer(service, request)).then(
      ({ status = 200, body, type = 'application/json', headers = {} }) => {
        response.writeHead(status, { 'Content-Type': type, ...headers });
        response.end(Buffer.isBuffer(body) ? body : JSON.stringify(body));
      },
      (error) => response.writeHead(500).end(String(error)),
    );
  });
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  service.address = `http://127.0.0.1:${server.address().port}`;
  service.stop = () => server.close();
  return service;
}

/** Answers after a while, and counts how many wait for an answer at a time. */
async function hold(service, act) {
  service.inFlight += 1;
  service.mostInFlight = Math.max(service.mostInFlight, service.inFlight);
  if (service.holdMilliseconds) await new Promise((done) => setTimeout(done, service.holdMilliseconds));
  return act().finally(() => (service.inFlight -= 1));
}

async function answer(service, request) {
  const { pathname, searchParams } = new URL(request.url, service.address);
  const body = await readBody(request);
  if (pathname.startsWith('/pictures/')) return { body: makePng(pathname, 320, 240), type: 'image/png' };
  if (pathname.endsWith('/accept')) return { body: { key: KEY } };
  if (request.headers.authorization !== `Bearer ${KEY}`) return problem(401, 'key_required', 'No such key.');
  if (service.nextProblem) return takeProblem(service);
  if (pathname === '/v1/models') return { body: { models: [{ version: 'fake-1', is_live: true }] } };
  if (pathname === '/v1/verdicts') return answerKnown(service, searchParams.get('sha256'));
  const [, id, action] = /^\/v1\/checks(?:\/([^/]+))?(?:\/(\w+))?$/.exec(pathname) ?? [];
  if (action) return keepWord(service, id, action, JSON.parse(body));
  if (id) return service.checks.has(id) ? { body: withHuman(service, service.checks.get(id)) } : problem(404, 'check_not_found', 'No such check.');
  if (pathname === '/v1/checks') return takeCheck(service, request, body);
  return problem(404, 'not_found', 'No such call.');
}

async function takeCheck(service, request, body) {
  if (request.headers['content-type'].startsWith('application/json')) return fetchByItself(service, JSON.parse(body).url);
  const form = await new Response(body, { headers: { 'Content-Type': request.headers['content-type'] } }).formData();
  const bytes = Buffer.from(await form.get('image').arrayBuffer());
  return { body: finish(service, bytes, 'upload', form.get('url'), form.get('taken_from_screen') === 'true') };
}

/** As the real one: no cookies, no referrer. */
async function fetchByItself(service, url) {
  const fetched = await fetch(url).catch(() => null);
  if (!fetched?.ok) return { body: { ...emptyCheck(url), status: 'failed', error: { code: 'fetch_refused', message: 'The host refused.' } } };
  return { body: finish(service, Buffer.from(await fetched.arrayBuffer()), 'fetch', url) };
}

function finish(service, bytes, way, url, isFromScreen = false) {
  const hash = sha256(bytes);
  service.arrivals.push({ sha256: hash, way, url, bytes, isFromScreen });
  const sides = pngSides(bytes) ?? { width: null, height: null };
  const check = { ...emptyCheck(url), status: 'done', image: imageOf(bytes, hash, sides), verdict: isFromScreen ? SCREEN_VERDICT : VERDICT };
  service.checks.set(check.id, check);
  service.known.set(hash, check);
  return withHuman(service, check);
}

const emptyCheck = (url) => ({ id: randomUUID(), url, page_url: null, created_at: '2026-11-01T10:00:00Z', finished_at: '2026-11-01T10:00:01Z', image: null, verdict: null, error: null });
const imageOf = (bytes, hash, { width, height }) => ({ sha256: hash, picture_url: '/pictures/image', media_type: 'image/png', width_px: width, height_px: height, byte_count: bytes.length });
const withHuman = ({ human }, check) => ({ ...check, verdict: check.verdict && { ...check.verdict, human } });

const VERDICT = {
  label: 'likely_ai',
  score: 0.93,
  raw_score: 0.93,
  real_photo_p: 0.0021,
  evidence: [
    { kind: 'pixels', strength: 'strong', sentence: '3 of 1,000 real photographs look at least this unusual.', source: 'Natural Trace Forensics', state: null, points_to: 'ai', contradicts_pixels: false },
    { kind: 'c2pa', strength: 'weak', sentence: 'Content credentials (C2PA) of Example Camera are intact, but this service does not know the issuer.', source: 'C2PA; no trust list is set', state: 'unknown_issuer', points_to: 'no_ai', contradicts_pixels: true },
    { kind: 'exif', strength: 'none', sentence: 'The metadata name a camera, Example One. Anyone can write that; it is no proof.', source: 'EXIF', state: 'camera', points_to: 'neither', contradicts_pixels: false },
  ],
  limits: [
    { code: 'contradiction', sentence: 'What the pixels show and what the file says about itself do not agree.' },
    { code: 'partly_seen', sentence: 'Only 40% of the image was looked at, in crops at full resolution.' },
    { code: 'statistical', sentence: 'This is a statistical estimate, not proof.' },
  ],
  heatmap_url: '/pictures/heatmap',
  model: { name: 'fake', version: 'fake-1', threshold_version: 't1', card_url: '/model-card' },
  human: null,
  decided_at: '2026-11-01T10:00:01Z',
};

const SCREEN_VERDICT = { ...VERDICT, limits: [{ code: 'taken_from_screen', sentence: 'Taken from a screen: scaling and overlays have changed the pixels.' }, ...VERDICT.limits] };

function answerKnown(service, hash) {
  const check = service.known.get(hash);
  return check ? { body: withHuman(service, check) } : problem(404, 'verdict_not_found', 'It is not known here yet.');
}

function keepWord(service, id, action, word) {
  if (action !== 'feedback' && action !== 'appeal') return problem(404, 'not_found', 'No such call.');
  service[action === 'feedback' ? 'feedback' : 'appeals'].push({ id, ...word });
  return { status: 201, body: {} };
}

function takeProblem(service) {
  const { status, code, headers } = service.nextProblem;
  service.nextProblem = null;
  return { ...problem(status, code, 'As the test wants it.'), headers };
}

const problem = (status, code, detail) => ({ status, body: { type: 'about:blank', title: code, status, code, detail }, type: 'application/problem+json' });

async function readBody(request) {
  const chunks = [];
  for await (const piece of request) chunks.push(piece);
  return Buffer.concat(chunks);
}
