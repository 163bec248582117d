// One call of the TypeScript client, as its package gives it.
import { given, requireThere, tell } from './given.mjs';

const { createNtfClient, checkUrl, checkBytes, take } = requireThere('ntf-client');
const client = createNtfClient({ address: given.address, key: given.key, retries: given.retries ?? {} });
const calls = {
  checkUrl: () => checkUrl(client, given.url, { idempotencyKey: given.idempotencyKey }),
  checkBytes: () => checkBytes(client, new Blob([Buffer.from(given.content, 'base64')]), { url: given.url }),
  models: () => take(client.GET('/v1/models')),
  readCheck: () => take(client.GET('/v1/checks/{check_id}', { params: { path: { check_id: given.id } } })),
  batchTwice: async () => {
    const body = { urls: given.urls };
    const headers = { 'Idempotency-Key': given.idempotencyKey };
    const one = await take(client.POST('/v1/batches', { body, headers }));
    return [one, await take(client.POST('/v1/batches', { body, headers }))];
  },
};
await tell(calls[given.call]);
