// Small marks over images, in a layer of their own: the page's layout does not move.
import { browser } from 'wxt/browser';
import type { Message } from '../background/messages';
import type { Label } from '../api/types';
import { element } from '../panel/element';
import { addLayer } from '../panel/layer';
import type { Speaker } from '../words/words';
import badgesCss from './badges.css?inline';

export interface Badges {
  /** `null`: being checked. */
  put(image: HTMLImageElement, label: Label | 'failed' | null): void;
  remove(): void;
}

const SHAPES: Record<Label | 'failed', string> = { likely_ai: '▲', uncertain: '◆', no_evidence: '●', not_assessable: '■', failed: '–' };

export function makeBadges(say: Speaker, stop: () => void): Badges {
  const layer = addLayer(badgesCss, false);
  const badges = new Map<HTMLImageElement, HTMLButtonElement>();
  const count = element('span', { role: 'status' });
  const bar = element('div', { class: 'bar' }, count, element('button', { type: 'button', onclick: stop }, say('scan_stop')));
  layer.root.append(bar);
  let isPlacing = false;
  const place = () => {
    if (isPlacing) return;
    isPlacing = true;
    requestAnimationFrame(() => {
      isPlacing = false;
      badges.forEach(putOver);
    });
  };
  addEventListener('scroll', place, { capture: true, passive: true });
  addEventListener('resize', place);
  return {
    put(image, label) {
      const badge = badges.get(image) ?? addBadge(layer.root, image);
      badges.set(image, badge);
      const name = label === null ? say('scan_waiting') : label === 'failed' ? say('scan_failed') : say(`label_${label}`);
      badge.textContent = label === null ? '…' : SHAPES[label];
      badge.title = name;
      badge.setAttribute('aria-label', `${name}: ${image.alt}`);
      count.textContent = say('scan_bar', { count: badges.size });
      place();
    },
    remove() {
      removeEventListener('scroll', place, { capture: true });
      removeEventListener('resize', place);
      layer.host.remove();
    },
  };
}

function addBadge(root: ShadowRoot, image: HTMLImageElement): HTMLButtonElement {
  const open = () => void browser.runtime.sendMessage({ type: 'scan_open', srcUrl: image.currentSrc } satisfies Message);
  const badge = element('button', { type: 'button', class: 'badge', onclick: open });
  root.append(badge);
  return badge;
}

function putOver(badge: HTMLButtonElement, image: HTMLImageElement): void {
  const { left, top, width } = image.getBoundingClientRect();
  badge.hidden = !image.isConnected || width === 0;
  badge.style.transform = `translate(${left + 6}px, ${top + 6}px)`;
}
