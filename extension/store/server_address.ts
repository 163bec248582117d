// The address of a server as a reader types or pastes it.

export interface Invitation {
  address: string;
  token: string;
}

/** The address without a slash at its end, or null where it is none. A bare host is taken as https. */
export function readServerAddress(typed: string): string | null {
  const url = parse(typed);
  if (!url) return null;
  return (url.origin + url.pathname).replace(/\/+$/, '');
}

/** The server and the token in an invitation's link (`…/invitations/TOKEN`), or null. */
export function readInvitation(typed: string): Invitation | null {
  const url = parse(typed);
  const found = url && /^(.*?)(?:\/v1)?\/invitations\/([^/]+)\/?$/.exec(url.pathname);
  if (!url || !found) return null;
  return { address: url.origin + found[1], token: decodeURIComponent(found[2] ?? '') };
}

/** The match pattern that a permission for this address has. Patterns know no port. */
export function originPattern(address: string): string {
  const { protocol, hostname } = new URL(address);
  return `${protocol}//${hostname}/*`;
}

function parse(typed: string): URL | null {
  const text = typed.trim();
  const full = /^[a-z]+:\/\//i.test(text) ? text : `https://${text}`;
  if (!text || !URL.canParse(full)) return null;
  const url = new URL(full);
  return /^https?:$/.test(url.protocol) ? url : null;
}
