// The options: which service, with which key, and how much may leave the browser.
import { browser } from 'wxt/browser';
import { acceptInvitation, tryServer } from '../api/client';
import { CheckProblem } from '../api/problems';
import type { Message } from '../background/messages';
import { element } from '../panel/element';
import { problemSentence } from '../panel/problem_view';
import { originPattern, readInvitation, readServerAddress } from '../store/server_address';
import { changeSettings, LANGUAGES, type Settings } from '../store/settings';
import type { Speaker } from '../words/words';
import { allowedHosts } from './allowed_hosts';
import { startPage } from './start';

const LANGUAGE_NAMES = { en: 'English', de: 'Deutsch', fr: 'Français', es: 'Español', zh: '中文（简体）' };

export async function showOptions(): Promise<void> {
  const { say, settings, main } = await startPage('options_title');
  main.append(element('h1', {}, say('options_title')), serverForm(settings, say), choices(settings, say), await allowedHosts(say));
}

function serverForm(settings: Settings, say: Speaker): HTMLFormElement {
  const address = element('input', { name: 'address', type: 'text', inputmode: 'url', autocomplete: 'off', spellcheck: 'false', value: settings.serverAddress, 'aria-describedby': 'address-hint' });
  const key = element('input', { name: 'key', type: 'password', autocomplete: 'off', value: settings.key, 'aria-describedby': 'key-hint' });
  const said = element('p', { role: 'status', class: 'said' });
  const tell = (text: string) => void (said.textContent = text);
  const test = element('button', { type: 'button' }, say('test_connection'));
  const form = element(
    'form',
    {},
    element('div', {}, element('label', {}, say('server_address'), address), element('p', { class: 'hint', id: 'address-hint' }, `${say('server_address_hint')} ${say('invitation_hint')}`)),
    element('div', {}, element('label', {}, say('key'), key), element('p', { class: 'hint', id: 'key-hint' }, say('key_hint'))),
    element('div', { class: 'row' }, element('button', { class: 'primary' }, say('save')), test),
    said,
  );
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void saveServer(address, key, say).then(tell);
  });
  test.addEventListener('click', () => {
    const server = { address: readServerAddress(address.value) ?? '', key: key.value.trim() };
    tell('…');
    tryServer(server).then((model) => tell(say('connection_works', { model })), (error: unknown) => tell(describe(error, say)));
  });
  return form;
}

/** Saves what was typed; the permission is asked for first, while the click still counts. */
async function saveServer(address: HTMLInputElement, key: HTMLInputElement, say: Speaker): Promise<string> {
  const invitation = readInvitation(address.value);
  const serverAddress = invitation?.address ?? readServerAddress(address.value);
  if (!serverAddress) return say('server_address_wrong');
  if (!(await browser.permissions.request({ origins: [originPattern(serverAddress)] }))) return say('permission_denied');
  try {
    if (invitation) key.value = await acceptInvitation(invitation.address, invitation.token);
  } catch (error) {
    return describe(error, say);
  }
  address.value = serverAddress;
  await changeSettings({ serverAddress, key: key.value.trim() });
  return say('saved');
}

function describe(error: unknown, say: Speaker): string {
  if (!(error instanceof CheckProblem)) return say('problem_refused');
  return [problemSentence(error, say), error.detail].filter(Boolean).join(' ');
}

/** Each choice is kept as soon as it is made. */
function choices(settings: Settings, say: Speaker): HTMLElement {
  const options = LANGUAGES.map((one) => element('option', { value: one, lang: one, selected: settings.language === one }, LANGUAGE_NAMES[one]));
  const usual = element('option', { value: 'browser', selected: settings.language === 'browser' }, say('language_browser'));
  const language = element('select', {}, usual, ...options);
  language.addEventListener('change', () => {
    void keep({ language: language.value as Settings['language'] }).then(() => location.reload());
  });
  return element(
    'section',
    { class: 'stack choices' },
    element('label', {}, say('language'), language),
    checkbox(say('private_mode'), settings.isPrivate, (isPrivate) => keep({ isPrivate })),
    checkbox(say('keep_history'), settings.keepsHistory, (keepsHistory) => keep({ keepsHistory })),
  );
}

function checkbox(text: string, checked: boolean, change: (isOn: boolean) => unknown): HTMLElement {
  const box = element('input', { type: 'checkbox', checked });
  box.addEventListener('change', () => change(box.checked));
  return element('label', { class: 'check' }, box, element('span', {}, text));
}

async function keep(change: Partial<Settings>): Promise<void> {
  await changeSettings(change);
  await browser.runtime.sendMessage({ type: 'settings_changed' } satisfies Message);
}
