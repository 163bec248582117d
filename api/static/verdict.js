// A finished check on the screen: the words for its label, its evidence, limits and heatmap.

export const WORDS = {
  likely_ai: ["Likely AI-made", "Its traces lie far from those of real photographs. Let a person look before anyone acts on it."],
  uncertain: ["Uncertain", "The traces fit neither real photographs nor AI-made images clearly."],
  no_evidence: ["No evidence of AI", "Its traces look like those of real photographs. That is not proof that it is one."],
  not_assessable: ["Not assessable", "There is not enough in this image to judge it."],
};
const CONTRADICTED = "What the pixels show and what the file says about itself do not agree.";
const DIRECTIONS = { ai: "speaks for AI", no_ai: "speaks for no AI", neither: "speaks for neither" };
const DECIDED = {
  ai: "People looked at it and decided: it is AI-made.",
  real: "People looked at it and decided: it is real.",
  unsure: "People looked at it and could not decide.",
};
const find = (id) => document.getElementById(id);

export function fillVerdict({ image, verdict }) {
  const [label, usualMeaning] = WORDS[verdict.label];
  const isContradicted = verdict.evidence.some((line) => line.contradicts_pixels);
  const meaning = verdict.label === "uncertain" && isContradicted ? CONTRADICTED : usualMeaning;
  find("verdict").dataset.label = verdict.label;
  find("verdict-label").textContent = label;
  find("verdict-meaning").textContent = meaning;
  find("picture-facts").textContent = `${image.width_px} × ${image.height_px} px`;
  fillHuman(verdict.human);
  fillScores(verdict);
  fillEvidence(verdict.evidence);
  fillLines("limits", verdict.limits, ({ sentence }) => [sentence, ""]);
  find("model").replaceChildren(
    `Judged by ${verdict.model.version}, thresholds ${verdict.model.threshold_version}. `,
    link("What it can and cannot do", verdict.model.card_url),
  );
  setUpPicture(image.picture_url, verdict.heatmap_url);
}

/** What people decided stands over the label, which stays as it was said. */
function fillHuman(human) {
  find("human").hidden = !human;
  if (!human) return;
  const reason = human.reason ? ` Their reason: ${human.reason}.` : "";
  find("human").textContent = `${DECIDED[human.says]}${reason}`;
}

function fillScores({ score, real_photo_p }) {
  const rows = [];
  if (score !== null) rows.push(["Probability of AI", `${Math.round(score * 100)} %`]);
  if (real_photo_p !== null) rows.push(["As unusual among real photographs", `${(real_photo_p * 100).toFixed(1)} %`]);
  find("scores").replaceChildren(
    ...rows.flatMap(([name, value]) => [element("dt", name), element("dd", value)]),
  );
}

/** The pixels and the file's own word, apart; a contradiction between them is said as one. */
function fillEvidence(evidence) {
  const words = ({ sentence, source, strength, points_to }) => [
    sentence,
    ` (${source}; ${DIRECTIONS[points_to]}${strength === "none" ? "" : `, ${strength}`})`,
  ];
  fillLines("evidence", evidence.filter(({ kind }) => kind === "pixels"), words);
  const declared = evidence.filter(({ kind }) => kind !== "pixels");
  fillLines("declared", declared, words);
  [...find("declared").children].forEach((item, at) => {
    if (declared[at]?.state) item.dataset.state = declared[at].state;
    if (declared[at]?.contradicts_pixels) {
      item.prepend(Object.assign(element("strong", "Contradicts the pixels. "), { className: "contradiction" }));
    }
  });
  find("declared-part").hidden = !declared.length;
}

function fillLines(id, lines, words) {
  const items = lines.map((line) => {
    const [text, source] = words(line);
    const item = element("li", text);
    if (source) item.append(Object.assign(element("span", source), { className: "source" }));
    return item;
  });
  find(id).replaceChildren(...(items.length ? items : [element("li", "None.")]));
}

/** The heatmap takes the picture's place while the switch is on. */
function setUpPicture(pictureUrl, heatmapUrl) {
  const picture = find("picture");
  const button = find("heatmap-switch");
  button.hidden = !heatmapUrl;
  const show = (isOn) => {
    button.setAttribute("aria-pressed", String(isOn));
    button.textContent = isOn ? "Show image" : "Show heatmap";
    picture.src = isOn ? heatmapUrl : pictureUrl;
    picture.alt = isOn
      ? "Heatmap: bright where the distance from the natural traces is largest"
      : "The image that was checked";
  };
  button.onclick = () => show(button.getAttribute("aria-pressed") !== "true");
  show(false);
}

const element = (tag, text) => Object.assign(document.createElement(tag), { textContent: text });
const link = (text, href) => Object.assign(element("a", text), { href });
