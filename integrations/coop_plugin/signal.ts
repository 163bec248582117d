// The one signal: an image in, the calibrated probability that it is AI-made out.
import { createNtfClient, howToAsk, take, waitForEnd, type Check, type Fetch } from 'ntf-client';
import type { DisabledInfo, ErrorResult, NumberResult, PluginSignalContext, PluginSignalDescriptor } from './contract.ts';
import { SIGNAL_TYPE_ID } from './manifest.ts';
import { callsAPerson, isFinal, outcomeOfCheck, OUTPUT_TYPE, permanent } from './outcomes.ts';
import { readSettings, type Settings } from './settings.ts';

/** Milliseconds for everything, so that Coop has an answer in under five seconds. */
export const DEADLINE_MS = 4000;
const HOLD_SECONDS = 3;
const RETRIES = { attempts: 3, firstDelayMs: 200, maxDelayMs: 1000, attemptTimeoutMs: DEADLINE_MS };

interface ImageInput {
  url: string;
  orgId: string;
  itemId?: string;
  itemType?: string;
}

export function createSignal({ integrationId, getCredential }: PluginSignalContext, fetch?: Fetch): PluginSignalDescriptor {
  return {
    id: { type: SIGNAL_TYPE_ID },
    displayName: 'AI-made image',
    description: 'Calibrated probability, from 0.01 to 0.99, that the image is AI-made. Queue for review; do not remove by it alone.',
    docsUrl: null,
    recommendedThresholds: { highPrecisionThreshold: 0.9, highRecallThreshold: 0.5 },
    supportedLanguages: 'ALL',
    pricingStructure: { type: 'FREE' },
    eligibleInputs: ['IMAGE'],
    outputType: OUTPUT_TYPE,
    getCost: () => 100,
    needsMatchingValues: false,
    eligibleSubcategories: [],
    needsActionPenalties: false,
    integration: integrationId,
    allowedInAutomatedRules: true,
    async run(given) {
      const input = readInput(given);
      if (!input) return permanent('There is no image address in this input.');
      const settings = readSettings(await getCredential(input.orgId));
      return typeof settings === 'string' ? permanent(settings) : judge(input, settings, fetch);
    },
    async getDisabledInfo(orgId): Promise<DisabledInfo> {
      const settings = readSettings(await getCredential(orgId));
      return typeof settings === 'string' ? { disabled: true, disabledMessage: settings } : { disabled: false };
    },
  };
}

async function judge(input: ImageInput, settings: Settings, fetch?: Fetch): Promise<NumberResult | ErrorResult> {
  try {
    return outcomeOfCheck(await ask(input, settings, fetch));
  } catch (error) {
    if (isFinal(error)) return permanent(error.message);
    if (settings.whenAway === 'review') return callsAPerson();
    throw error;
  }
}

/** The check, when it has ended. One that has not in time goes on, and answers the next run at once. */
async function ask({ url, itemId, itemType }: ImageInput, settings: Settings, fetch?: Fetch): Promise<Check> {
  const client = createNtfClient({
    address: settings.address,
    key: settings.apiKey,
    retries: RETRIES,
    ...(fetch ? { fetch } : {}),
  });
  const signal = AbortSignal.timeout(DEADLINE_MS);
  const body = { url, item_id: itemId ?? null, item_type: itemType ?? null };
  const asking = howToAsk({ signal, holdSeconds: HOLD_SECONDS });
  const first = await take<Check>(client.POST('/v1/integrations/coop/checks', { body, ...asking }));
  return waitForEnd(client, first, signal);
}

/** The image and whose it is, out of Coop's input: `{ value: { type: 'IMAGE', value: { url } }, orgId, … }`. */
function readInput(given: unknown): ImageInput | null {
  const { value, orgId, contentId, contentType } = (given ?? {}) as Record<string, unknown>;
  const image = (value as { value?: unknown } | undefined)?.value;
  const url = typeof image === 'string' ? image : (image as { url?: unknown } | undefined)?.url;
  if (typeof url !== 'string' || !url || typeof orgId !== 'string') return null;
  return {
    url,
    orgId,
    ...(typeof contentId === 'string' ? { itemId: contentId } : {}),
    ...(typeof contentType === 'string' ? { itemType: contentType } : {}),
  };
}
