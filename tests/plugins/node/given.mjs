// What a test gave, and how it is told the outcome.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
export const given = JSON.parse(Buffer.concat(chunks).toString());

// Packages are looked up where `make integrations` has put them.
export const requireThere = createRequire(pathToFileURL(`${process.env.NTF_INTEGRATIONS}/package.json`));

let begun = 0;

/** Count the time from here on; what came before it was only loading. */
export const begin = () => {
  begun = performance.now();
};

/** Print the outcome: what came, or what was thrown, and how long it took. */
export async function tell(work) {
  begin();
  const outcome = await work().then(
    (value) => ({ value }),
    (error) => ({ thrown: { name: error.name, message: error.message, code: error.code, status: error.status } }),
  );
  console.log(JSON.stringify({ ...outcome, seconds: (performance.now() - begun) / 1000 }));
  process.exit(0);
}
