// The candidates of a `srcset` attribute (HTML, section 4.8.4.3.10), the largest first.

export interface Candidate {
  url: string;
  /** Width in pixels, or density; only candidates of one attribute can be compared. */
  size: number;
}

const CANDIDATE = /\s*,*\s*([^\s,]\S*[^\s,]|[^\s,])(?:\s+([^,(]*(?:\([^)]*\)[^,(]*)*))?(?:,|$)/y;

export function srcsetCandidates(srcset: string): Candidate[] {
  const found: Candidate[] = [];
  CANDIDATE.lastIndex = 0;
  for (let match = CANDIDATE.exec(srcset); match; match = CANDIDATE.exec(srcset)) {
    found.push({ url: match[1] ?? '', size: readSize(match[2] ?? '') });
    if (CANDIDATE.lastIndex >= srcset.length) break;
  }
  return found.sort((one, other) => other.size - one.size);
}

function readSize(descriptor: string): number {
  const found = /(?:^|\s)([\d.]+(?:e[+-]?\d+)?)[wx](?:\s|$)/i.exec(descriptor);
  return found ? Number(found[1]) : 1;
}
