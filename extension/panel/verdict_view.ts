// A verdict in words, with everything that weighs for and against it.
import type { Evidence, Limit, Verdict } from '../api/types';
import { readHuman } from '../api/types';
import type { HowGot } from '../ladder/how_got';
import type { Outcome } from '../ladder/run_check';
import { hasWord, type Speaker, type WordKey } from '../words/words';
import type { Dialog } from './dialog';
import { element } from './element';
import { pictureView } from './picture_view';
import { respondView } from './respond_view';

export function showVerdict(
  dialog: Dialog,
  { check, howGot, sentBytes }: Extract<Outcome, { kind: 'verdict' }>,
  serverAddress: string,
  say: Speaker,
  tongue: string,
): void {
  const { verdict } = check;
  if (!verdict) return;
  const meaning = say(`meaning_${verdict.label}`);
  const human = readHuman(verdict);
  dialog.fill(
    `${say(`label_${verdict.label}`)}. ${meaning}`,
    element('p', { class: 'label', 'data-label': verdict.label }, say(`label_${verdict.label}`)),
    human && element('p', { class: 'human' }, say('human_decided', { decision: say(`human_${human}`) })),
    element('p', {}, meaning),
    pictureView(check, dialog, say),
    figures(verdict, say, tongue),
    section(say('evidence_pixels'), evidenceLines(verdict.evidence.filter(isOfPixels), say)),
    section(say('evidence_file'), evidenceLines(verdict.evidence.filter((line) => !isOfPixels(line)), say)),
    section(say('limits'), verdict.limits.map((limit) => limitLine(limit, say))),
    respondView({ check, verdict, dialog, say, tongue }),
    element('p', { class: 'hint', 'data-how': `${howGot.shownBy} ${howGot.readBy}` }, howSentence(howGot, sentBytes, say)),
    modelLine(verdict, serverAddress, say),
  );
}

const isOfPixels = ({ kind }: Evidence): boolean => kind === 'pixels';

function figures({ score, real_photo_p: photoP }: Verdict, say: Speaker, tongue: string): HTMLElement | null {
  const percent = new Intl.NumberFormat(tongue, { style: 'percent' });
  const rows: Node[] = [];
  if (score !== null) rows.push(element('dt', {}, say('probability')), element('dd', {}, percent.format(score)));
  if (photoP !== null) {
    // Rounded up: the share is never made smaller than what was measured.
    const count = Math.min(1000, Math.ceil(photoP * 1000 - 1e-9));
    rows.push(element('dt', {}, say('unusual')), element('dd', {}, say('of_thousand', { count: Math.max(1, count) })));
  }
  return rows.length ? element('dl', {}, ...rows) : null;
}

function section(title: string, lines: HTMLElement[]): HTMLElement | null {
  return lines.length ? element('section', {}, element('h2', {}, title), element('ul', {}, ...lines)) : null;
}

const evidenceLines = (lines: Evidence[], say: Speaker): HTMLElement[] =>
  lines.map((line) => {
    const weighs = [say(`points_${line.points_to ?? 'neither'}`), line.strength !== 'none' && say(`strength_${line.strength}`)];
    return element(
      'li',
      { 'data-state': line.state ?? undefined },
      element('strong', {}, `${kindName(line.kind, say)}${stateName(line, say)}`),
      ' ',
      line.contradicts_pixels === true && element('strong', { class: 'contradiction' }, say('contradicts')),
      ' ',
      element('span', { lang: 'en' }, line.sentence),
      element('span', { class: 'hint' }, ` (${weighs.filter(Boolean).join(', ')})`),
    );
  });

const kindName = (kind: string, say: Speaker): string => (hasWord(`kind_${kind}`) ? say(`kind_${kind}` as WordKey) : kind);

function stateName({ kind, state }: Evidence, say: Speaker): string {
  if (!state || kind !== 'c2pa') return ':';
  return hasWord(`state_${state}`) ? ` – ${say(`state_${state}` as WordKey)}:` : ` – ${state}:`;
}

function limitLine({ code, sentence }: Limit, say: Speaker): HTMLElement {
  const key = `limit_${code}`;
  return hasWord(key) ? element('li', {}, say(key as WordKey)) : element('li', { lang: 'en' }, sentence);
}

/** By which rung the image was got, and what was sent for it. */
function howSentence({ shownBy, readBy }: HowGot, sentBytes: number, say: Speaker): string {
  const sent = readBy === 'server' ? '' : ` ${sentBytes ? say('sent_bytes', { kilobytes: Math.ceil(sentBytes / 1024) }) : say('sent_hash')}`;
  return `${say('how_got', { shown: say(`shown_${shownBy}`), read: say(`read_${readBy}`) })}${sent}`;
}

function modelLine({ model }: Verdict, serverAddress: string, say: Speaker): HTMLElement {
  const { href, protocol } = new URL(model.card_url, `${serverAddress}/`);
  const card = /^https?:$/.test(protocol) && element('a', { href, target: '_blank', rel: 'noopener noreferrer' }, say('model_card'));
  return element('p', { class: 'hint' }, say('judged_by', { model: model.version, thresholds: model.threshold_version }), ' ', card);
}
