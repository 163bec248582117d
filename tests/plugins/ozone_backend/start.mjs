// Starts Ozone's own backend with PostgreSQL at DATABASE_URL, and stands for the account's PDS before it.
// Prints one line of JSON when it is ready; ends when its input does.
//
// The PDS itself is not run: its storage needs a compiler at install. What it would do for a moderator is done
// here: open a session, and pass on calls that name the labeler under a token that the account's key signs.
// The AppView is stood in for too; it only says which record stands under an address.
import { once } from 'node:events';
import { createServer } from 'node:http';
import devEnv from '@atproto/dev-env';

const NOBODY = 'http://127.0.0.1:2';
const PASSWORD = 'app-password';
const RECORD_CID = 'bafyreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy';
const { TestOzone, TestPlc } = devEnv;

/** An AppView that knows every account and every record. */
const appview = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://appview.invalid');
  const indexedAt = '2026-11-24T12:00:00.000Z';
  const answers = {
    'com.atproto.admin.getAccountInfos': () => ({
      infos: searchParams.getAll('dids').map((did) => ({ did, handle: 'author.test', indexedAt })),
    }),
    'com.atproto.repo.getRecord': () => ({
      uri: `at://${searchParams.get('repo')}/${searchParams.get('collection')}/${searchParams.get('rkey')}`,
      cid: RECORD_CID,
      value: { $type: 'app.bsky.feed.post', text: 'a picture', createdAt: indexedAt },
    }),
  };
  const known = answers[pathname.replace('/xrpc/', '')];
  response.writeHead(known ? 200 : 404, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(known ? known() : { error: 'NotFound', message: 'not here' }));
}).listen(0, '127.0.0.1');
await once(appview, 'listening');

const plc = await TestPlc.create({});
const ozone = await TestOzone.create({
  plcUrl: plc.url,
  dbPostgresUrl: process.env.DATABASE_URL,
  dbPostgresSchema: 'ozone',
  appviewUrl: `http://127.0.0.1:${appview.address().port}`,
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
