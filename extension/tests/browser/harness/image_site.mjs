// Pages and images on loopback. An image's path says how it is gated: /GATE/NAME.png.
import { createServer } from 'node:http';
import { makePng, sha256 } from './png.mjs';

/** Every image of that name, wherever it lies, has these bytes; a name may end in its sides: `a-640x480`. */
export function imageNamed(name) {
  const sides = /-(\d+)x(\d+)$/.exec(name);
  return sides ? makePng(name.replace(/-\d+x\d+$/, ''), Number(sides[1]), Number(sides[2])) : makePng(name);
}

export const hashOfName = (name) => sha256(imageNamed(name));

const GATES = {
  open: () => ({ allowed: true }),
  cors: () => ({ allowed: true, headers: { 'Access-Control-Allow-Origin': '*' } }),
  cookie: ({ headers }) => ({ allowed: /(^|; )seen=1/.test(headers.cookie ?? '') }),
  referrer: ({ headers }) => ({ allowed: Boolean(headers.referer) }),
  // Hotlinking gets another picture, with a good status.
  hotlink: ({ headers }) => ({ allowed: true, name: headers.referer ? null : 'placeholder-100x100' }),
};

export async function startSite(pages = new Map()) {
  const requests = [];
  const server = createServer((request, response) => {
    requests.push(request.url);
    const { pathname } = new URL(request.url, 'http://x');
    const [, gate, name] = /^\/(\w+)\/(.+)\.png$/.exec(pathname) ?? [];
    if (GATES[gate]) return answerImage(GATES[gate](request), name, response);
    const page = pages.get(pathname);
    response.writeHead(page ? 200 : 404, { 'Content-Type': 'text/html; charset=utf-8', 'Set-Cookie': 'seen=1', ...page?.headers });
    response.end(page?.html ?? 'none');
  });
  await new Promise((ready) => server.listen(0, ready));
  const { port } = server.address();
  return { pages, requests, port, address: `http://127.0.0.1:${port}`, elsewhere: `http://localhost:${port}`, stop: () => server.close() };
}

function answerImage({ allowed, headers = {}, name: other }, name, response) {
  if (!allowed) return response.writeHead(403).end();
  response.writeHead(200, { 'Content-Type': 'image/png', 'Cache-Control': 'max-age=60', ...headers });
  response.end(imageNamed(other ?? name));
}
