// One check on the screen, from progress to its end; a new try takes the place of the one before.
import { browser } from 'wxt/browser';
import type { Message } from '../background/messages';
import type { Report, Start } from '../background/panel_port';
import type { Target } from '../ladder/how_got';
import type { Mode, Outcome } from '../ladder/run_check';
import type { Speaker } from '../words/words';
import { askBackground } from './ask_background';
import type { Dialog } from './dialog';
import { element } from './element';
import { showProblem } from './problem_view';
import { showProgress } from './progress_view';
import { showVerdict } from './verdict_view';

export function startSession(dialog: Dialog, target: Target | null, say: Speaker, tongue: string): void {
  if (!target) return dialog.fill(say('no_picture'), element('p', {}, say('no_picture')));
  let port: ReturnType<typeof browser.runtime.connect> | null = null;
  const stop = () => {
    port?.disconnect();
    port = null;
  };
  const start = (mode: Mode) => {
    stop();
    const opened = browser.runtime.connect({ name: 'panel' });
    port = opened;
    const progress = showProgress(dialog, say, () => dialog.close());
    opened.onMessage.addListener((report: Report) => {
      if (port !== opened) return;
      if (report.type === 'step') progress(report.step);
      else stop();
      if (report.type === 'outcome') showOutcome(dialog, report.outcome, report.serverAddress, say, tongue, start, target);
      if (report.type === 'problem') showProblem(dialog, report, say, () => start(mode));
    });
    opened.onDisconnect.addListener(() => {
      if (port === opened) showProblem(dialog, { code: 'refused', detail: '', retryAfterSeconds: null }, say, () => start(mode));
    });
    opened.postMessage({ target, mode } satisfies Start);
  };
  const onAllowed = (message: Message) => {
    if (message.type === 'host_allowed' && message.tabId === target.tabId) start('usual');
  };
  browser.runtime.onMessage.addListener(onAllowed);
  dialog.onClose(() => {
    browser.runtime.onMessage.removeListener(onAllowed);
    stop();
  });
  start('usual');
}

function showOutcome(
  dialog: Dialog,
  outcome: Outcome,
  serverAddress: string,
  say: Speaker,
  tongue: string,
  start: (mode: Mode) => void,
  target: Target,
): void {
  if (outcome.kind === 'verdict') return showVerdict(dialog, outcome, serverAddress, say, tongue);
  if (outcome.kind === 'asks_to_send') return askToSend(dialog, outcome.what, say, start);
  askForHost(dialog, outcome, say, start, target);
}

function askToSend(dialog: Dialog, what: 'bytes' | 'address', say: Speaker, start: (mode: Mode) => void): void {
  const sentence = say(what === 'bytes' ? 'not_known_send_bytes' : 'not_known_send_address');
  const send = element('button', { type: 'button', class: 'primary', onclick: () => start('send') }, say('send_it'));
  dialog.fill(sentence, element('p', {}, sentence), element('p', { class: 'actions' }, send));
}

function askForHost(
  dialog: Dialog,
  { hostUrl, canCrop }: Extract<Outcome, { kind: 'needs_host' }>,
  say: Speaker,
  start: (mode: Mode) => void,
  target: Target,
): void {
  const host = hostUrl && new URL(hostUrl).host;
  const sentence = host ? say('needs_host', { host }) : say('cannot_read');
  const allow = () => void askBackground({ type: 'ask_host', url: hostUrl ?? '', tabId: target.tabId });
  dialog.fill(
    sentence,
    element('p', {}, sentence),
    element(
      'p',
      { class: 'actions' },
      host && element('button', { type: 'button', class: 'primary', onclick: allow }, say('allow_host', { host })),
      canCrop && element('button', { type: 'button', onclick: () => start('screen') }, say('use_screen')),
    ),
    canCrop && element('p', { class: 'hint' }, say('use_screen_hint')),
  );
}
