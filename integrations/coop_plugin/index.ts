// The plug-in, as Coop's loader wants it: the default export, with a manifest and its signals.
import type { CoopIntegrationPlugin, PluginSignalContext } from './contract.ts';
import { manifest, SIGNAL_TYPE_ID } from './manifest.ts';
import { createSignal } from './signal.ts';

export function createSignals(context: PluginSignalContext) {
  return [{ signalTypeId: SIGNAL_TYPE_ID, signal: createSignal(context) }];
}

const plugin: CoopIntegrationPlugin = { manifest, createSignals };
export default plugin;
export { manifest };
