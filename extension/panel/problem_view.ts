// What went wrong, and what to do about it.
import type { ProblemCode } from '../api/problems';
import type { Speaker, WordKey } from '../words/words';
import { askBackground } from './ask_background';
import type { Dialog } from './dialog';
import { element } from './element';

export interface ShownProblem {
  code: ProblemCode;
  detail: string;
  retryAfterSeconds: number | null;
}

const NEEDS_OPTIONS: ProblemCode[] = ['server_unset', 'server_not_allowed', 'key_wrong', 'server_away'];
const RETRYABLE: ProblemCode[] = ['server_away', 'rate_limited', 'image_gone', 'refused'];

/** The problem as one sentence in the reader's language. */
export function problemSentence({ code, retryAfterSeconds }: ShownProblem, say: Speaker): string {
  if (code === 'rate_limited' && retryAfterSeconds) return say('problem_rate_limited_until', { seconds: retryAfterSeconds });
  return say(`problem_${code}` as WordKey);
}

export function showProblem(dialog: Dialog, problem: ShownProblem, say: Speaker, retry: () => void): void {
  const sentence = problemSentence(problem, say);
  const openOptions = () => void askBackground({ type: 'open', page: 'options' });
  dialog.fill(
    sentence,
    element('p', { class: 'problem' }, sentence),
    problem.detail !== '' && element('p', { class: 'hint', lang: 'en' }, problem.detail),
    element(
      'p',
      { class: 'actions' },
      RETRYABLE.includes(problem.code) && element('button', { type: 'button', class: 'primary', onclick: retry }, say('try_again')),
      NEEDS_OPTIONS.includes(problem.code) && element('button', { type: 'button', onclick: openOptions }, say('open_options')),
    ),
  );
}
