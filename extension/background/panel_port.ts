// One check for each open panel. The panel leaves, the check stops.
import { browser, type Browser } from 'wxt/browser';
import type { Server } from '../api/client';
import { CheckProblem } from '../api/problems';
import type { Target } from '../ladder/how_got';
import { runCheck, type Mode, type Outcome, type Step } from '../ladder/run_check';
import { isHostAllowed } from '../ladder/host_fetch';
import { addEntry, entryOfCheck, readHistory, saveHistory } from '../store/history';
import { readSettings, type Settings } from '../store/settings';
import { handsFor } from './hands';

export const PANEL_PORT = 'panel';

export interface Start {
  target: Target;
  mode: Mode;
}

export type Report =
  | { type: 'step'; step: Step }
  | { type: 'outcome'; outcome: Outcome; serverAddress: string }
  | { type: 'problem'; code: CheckProblem['code']; detail: string; retryAfterSeconds: number | null };

export function servePanel(port: Browser.runtime.Port): void {
  if (port.name !== PANEL_PORT) return;
  const stop = new AbortController();
  port.onDisconnect.addListener(() => stop.abort());
  port.onMessage.addListener((start: Start) => void serve(start, (report) => port.postMessage(report), stop.signal));
}

async function serve({ target, mode }: Start, report: (report: Report) => void, signal: AbortSignal): Promise<void> {
  try {
    const settings = await readSettings();
    const server = await serverOf(settings);
    const onStep = (step: Step) => report({ type: 'step', step });
    const outcome = await runCheck({ target, mode, isPrivate: settings.isPrivate, server, hands: handsFor(target), onStep, signal });
    if (settings.keepsHistory) await keep(outcome, server.address, target);
    report({ type: 'outcome', outcome, serverAddress: server.address });
  } catch (error) {
    if (!signal.aborted) report({ type: 'problem', ...describeProblem(error) });
  }
}

/** @throws CheckProblem there is none, or the browser's permission for it is gone. */
export async function serverOf({ serverAddress: address, key }: Settings): Promise<Server> {
  if (!address || !key) throw new CheckProblem('server_unset');
  if (!(await isHostAllowed(address))) throw new CheckProblem('server_not_allowed');
  return { address, key };
}

async function keep(outcome: Outcome, serverAddress: string, { picture, pageUrl, tabId }: Target): Promise<void> {
  if (outcome.kind !== 'verdict' || (await browser.tabs.get(tabId)).incognito) return;
  const page = { imageUrl: picture.sources[0]?.url ?? null, pageUrl };
  const entry = entryOfCheck(outcome.check, serverAddress, outcome.howGot, page);
  if (entry) await saveHistory(addEntry(await readHistory(), entry));
}

export function describeProblem(error: unknown): Omit<Extract<Report, { type: 'problem' }>, 'type'> {
  if (error instanceof CheckProblem) {
    return { code: error.code, detail: error.detail, retryAfterSeconds: error.retryAfterSeconds };
  }
  return { code: 'refused', detail: String(error), retryAfterSeconds: null };
}
