// What an organisation has filled in on Coop's page of this integration.

export interface Settings {
  address: string;
  apiKey: string;
  /** What a score is where the server does not answer in time: none, or one that calls a person. */
  whenAway: 'pass' | 'review';
}

/** The settings, or a sentence that says what is wrong with them. */
export function readSettings(given: Record<string, unknown> | undefined): Settings | string {
  const address = text(given?.['address']);
  const apiKey = text(given?.['apiKey']);
  const whenAway = text(given?.['whenAway']) || 'pass';
  if (!address || !apiKey) return 'Fill in the address of your Natural Trace Forensics server and its API key.';
  if (!/^https?:$/.test(protocolOf(address))) return 'The address must begin with https:// or http://.';
  if (whenAway !== 'pass' && whenAway !== 'review') return 'When the server is away: fill in pass or review.';
  return { address, apiKey, whenAway };
}

const text = (value: unknown): string => (typeof value === 'string' ? value.trim() : '');

function protocolOf(address: string): string {
  return URL.canParse(address) ? new URL(address).protocol : '';
}
