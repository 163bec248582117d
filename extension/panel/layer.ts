// A shadow root of our own in somebody else's page: no style crosses its edge in either direction.

export interface Layer {
  host: HTMLElement;
  root: ShadowRoot;
}

/** In a web page the root is closed, so that the page's scripts neither read nor press anything in it. */
export function addLayer(css: string, isOwnPage: boolean): Layer {
  const host = document.createElement('ntf-layer');
  host.style.cssText = 'all: initial; position: static; display: contents;';
  const root = host.attachShadow({ mode: isOwnPage ? 'open' : 'closed' });
  const style = document.createElement('style');
  style.textContent = css;
  root.append(style);
  document.documentElement.append(host);
  return { host, root };
}
