// Loads a plug-in as Coop's server does (by `require`, the default export, `createSignals`), and runs a signal.
// The reference plug-in asks for a package that is not on npm; a stand-in gives the one function that it calls.
import { register } from 'node:module';
import { begin, given, requireThere, tell } from './given.mjs';

const standIn = `data:text/javascript,${encodeURIComponent(
  'export function assertModelCardHasRequiredSections(card) { if (!card.sections.length) throw new Error("empty"); }',
)}`;
const hook = `export const resolve = (name, context, next) =>
  name === '@roostorg/types' ? { url: ${JSON.stringify(standIn)}, shortCircuit: true } : next(name, context);`;
register(`data:text/javascript,${encodeURIComponent(hook)}`);

/** The shape of a value: of objects their keys, of everything else what it is. */
function shapeOf(value) {
  if (Array.isArray(value)) return value.length ? [shapeOf(value[0])] : [];
  if (value === null || typeof value !== 'object') return typeof value;
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, shapeOf(value[key])]));
}

async function load(name) {
  const loaded = await import(requireThere.resolve(name));
  return loaded.default ?? loaded;
}

const calls = {
  required: async () => {
    const loaded = requireThere(given.package);
    const { manifest } = loaded.default ?? loaded;
    return { id: manifest.id, name: manifest.name, version: manifest.version, requiresConfig: manifest.requiresConfig };
  },
  describe: async () => {
    const { manifest, createSignals } = await load(given.package);
    const signals = createSignals({ integrationId: manifest.id, getCredential: async () => ({}) });
    return {
      manifest,
      manifestShape: shapeOf(manifest),
      signals: signals.map(({ signalTypeId, signal }) => ({ signalTypeId, signal, shape: shapeOf(signal) })),
    };
  },
  run: async () => {
    const { manifest, createSignals } = await load(given.package);
    const getCredential = async (orgId) => given.credentials[orgId];
    const [{ signal }] = createSignals({ integrationId: manifest.id, getCredential });
    begin();
    const result = await signal.run(given.input);
    const disabled = await signal.getDisabledInfo(given.input.orgId);
    const { score } = result;
    return {
      type: result.type,
      outputType: result.outputType,
      score: score instanceof Error ? { name: score.name, message: score.message, type: score.type } : score,
      disabled,
    };
  },
};
await tell(calls[given.call]);
