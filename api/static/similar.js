// Images that look alike, for the person at the page to compare. They decide nothing.

import { WORDS } from "./verdict.js";

const find = (id) => document.getElementById(id);

/** The list under the verdict; hidden where there is nothing, or where it cannot be had. */
export async function showSimilar(check, signal) {
  find("similar-part").hidden = true;
  const answer = await fetch(`/v1/checks/${check.id}/similar`, { signal }).catch(() => null);
  if (!answer?.ok) return;
  const { similar } = await answer.json();
  if (signal.aborted) return;
  find("similar").replaceChildren(...similar.map(line));
  find("similar-part").hidden = !similar.length;
}

function line({ label, checked_at, distance_bits, picture_url }) {
  const link = Object.assign(document.createElement("a"), {
    href: picture_url,
    textContent: `An image of ${new Date(checked_at).toLocaleDateString()}`,
  });
  const item = document.createElement("li");
  item.append(link, `: ${WORDS[label][0].toLowerCase()} (${distance_bits} of 256 bits differ)`);
  return item;
}
