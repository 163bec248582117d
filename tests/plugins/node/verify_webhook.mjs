// What the reference library of Standard Webhooks says of a request.
import { given, requireThere, tell } from './given.mjs';

const { Webhook } = requireThere('standardwebhooks');
await tell(async () => new Webhook(given.secret).verify(given.body, given.headers));
