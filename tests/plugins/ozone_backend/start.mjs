// Starts Ozone's own backend with PostgreSQL at DATABASE_URL, and stands for the account's PDS before it.
// Prints one line of JSON when it is ready; ends when its input does.
//
// The PDS itself is not run: its storage needs a compiler at install. What it would do for a moderator is done
// here: open a session, and pass on calls that name the labeler under a token that the account's key signs.
import { once } from 'node:events';
import { createServer } from 'node:http';
import devEnv from '@atproto/dev-env';

const NOBODY = 'http://127.0.0.1:2';
const PASSWORD = 'app-password';
const { TestOzone, TestPlc } = devEnv;

const plc = await TestPlc.create({});
const ozone = await TestOzone.create({
  plcUrl: plc.url,
  dbPostgresUrl: process.env.DATABASE_URL,
  dbPostgresSchema: 'ozone',
  appviewUrl: NOBODY,
  appviewDid: 'did:example:appview',
  appviewPushEvents: false,
  chatUrl: NOBODY,
  chatDid: 'did:example:chat',
  verifierUrl: NOBODY,
  verifierDid: 'did:example:verifier',
});
const labelerDid = ozone.ctx.cfg.service.did;
const account = ozone.moderatorAccnt;

async function readBody(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function answer(request, body) {
  const { pathname, search } = new URL(request.url, 'http://pds.invalid');
  const call = pathname.replace('/xrpc/', '');
  if (call === 'com.atproto.server.createSession') {
    const { identifier, password } = JSON.parse(body.toString());
    if (identifier !== 'moderator.test' || password !== PASSWORD) {
      return [401, { error: 'AuthenticationRequired', message: 'Invalid identifier or password' }];
    }
    return [200, { did: account.did, handle: identifier, accessJwt: 'session', refreshJwt: 'refresh' }];
  }
  if (request.headers.authorization !== 'Bearer session') return [401, { error: 'InvalidToken', message: 'Bad token' }];
  if (request.headers['atproto-proxy'] !== `${labelerDid}#atproto_labeler`) {
    return [400, { error: 'InvalidRequest', message: 'could not resolve proxy did' }];
  }
  const headers = { ...(await ozone.modHeaders(call)), 'content-type': 'application/json' };
  const init = { method: request.method, headers, ...(request.method === 'POST' ? { body } : {}) };
  const passedOn = await fetch(`${ozone.url}/xrpc/${call}${search}`, init);
  return [passedOn.status, await passedOn.json()];
}

const pds = createServer(async (request, response) => {
  const [status, content] = await answer(request, await readBody(request));
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(content));
}).listen(0, '127.0.0.1');
await once(pds, 'listening');

const ready = { pds: `http://127.0.0.1:${pds.address().port}`, labelerDid, moderatorDid: account.did, password: PASSWORD };
process.stdout.write(`${JSON.stringify(ready)}\n`);
process.stdin.resume();
await once(process.stdin, 'end');
process.exit(0);
