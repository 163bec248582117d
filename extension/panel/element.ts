// Elements made in one line each; text is always text, never markup.

type Attributes = Record<string, string | boolean | number | ((event: Event) => void) | undefined>;
export type Child = Node | string | null | false | undefined;

/** `on…` attributes are listeners; `true` is an empty attribute, `false` and `undefined` are none. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') made.addEventListener(name.slice(2), value);
    else if (value !== false && value !== undefined) made.setAttribute(name, value === true ? '' : String(value));
  }
  made.append(...children.filter((child): child is Node | string => child !== null && child !== false && child !== undefined));
  return made;
}
