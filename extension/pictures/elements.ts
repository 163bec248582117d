// Elements of a page, shadow roots included, closed ones too.

interface DomOfExtensions {
  dom?: { openOrClosedShadowRoot?: (element: Element) => ShadowRoot | null };
}

declare const chrome: DomOfExtensions | undefined;

/** The shadow root of an element, whether it is open or closed. */
export function shadowRootOf(element: Element): ShadowRoot | null {
  if (element.shadowRoot) return element.shadowRoot;
  // Firefox gives extensions a property, Chromium a function.
  const { openOrClosedShadowRoot } = element as { openOrClosedShadowRoot?: ShadowRoot | null };
  if (openOrClosedShadowRoot !== undefined) return openOrClosedShadowRoot;
  try {
    return (typeof chrome !== 'undefined' && element instanceof HTMLElement && chrome.dom?.openOrClosedShadowRoot?.(element)) || null;
  } catch {
    return null; // the function throws for elements that cannot have one
  }
}

export function* allElements(root: ParentNode): Generator<Element> {
  for (const element of root.querySelectorAll('*')) {
    yield element;
    const shadow = shadowRootOf(element);
    if (shadow) yield* allElements(shadow);
  }
}

export function isInView(element: Element): boolean {
  const { width, height, top, left, bottom, right } = element.getBoundingClientRect();
  const isOnScreen = bottom > 0 && right > 0 && top < innerHeight && left < innerWidth;
  return isOnScreen && width > 0 && height > 0 && element.checkVisibility({ visibilityProperty: true });
}
