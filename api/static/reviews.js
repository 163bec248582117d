// The review page: one key decides, and the next image, which is here already, takes its place.

const AHEAD = 2; // items held beside the one on the screen, so that the next needs no wait
const KEYS = { a: "ai", r: "real", u: "unsure" };
const SAID = { ai: "AI-made", real: "Real", unsure: "Unsure" };
const MAX_ZOOM = 8;
const find = (id) => document.getElementById(id);
const token = document.querySelector("meta[name=csrf-token]").content;

let ahead = [...document.querySelectorAll("template.ahead")].map((held) => asElement(held.innerHTML));
let decided = []; // ids, the newest last
let emptySince; // when the key was pressed that left the screen empty
let acts = Promise.resolve(); // one after the other, in the order of the keys

const current = () => find("item").firstElementChild;

/** One act on the server. The answer brings the next item, if there is one, and the counts. */
async function send(path, fields = {}) {
  const body = new URLSearchParams(fields);
  let answer;
  try {
    answer = await fetch(`/reviews/${path}${location.search}`, {
      method: "POST",
      headers: { "X-CSRF-Token": token },
      body,
      keepalive: true, // what was decided last is kept when the page is left
    });
  } catch {
    throw new Error("The server does not answer. What you decided last may not be kept.");
  }
  const content = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(content.detail ?? `The server answered ${answer.status}.`);
  showCounts(content.waiting);
  return content.item ? asElement(content.item) : null;
}

function asElement(html) {
  const holder = document.createElement("template");
  holder.innerHTML = html;
  const item = holder.content.firstElementChild;
  document.adoptNode(item);
  for (const image of item.querySelectorAll("img")) image.decode().catch(() => {}); // loads it now
  return item;
}

/** Take items until enough lie ready; the first goes onto an empty screen. */
async function fill() {
  while (!current() || ahead.length < AHEAD) {
    const item = await send("next");
    if (!item) break;
    take(item);
  }
  find("nothing").hidden = Boolean(current());
}

/** An item from the server: behind those that lie ready, or onto an empty screen. */
function take(item) {
  if (item) ahead.push(item);
  if (!current()) showNext(emptySince);
}

/** Do it after all that was begun before; whatever fails is said. */
function act(work) {
  acts = acts.then(work).catch(showProblem);
}

/** Put the next item onto the screen; `since` is when the key was pressed. */
function showNext(since) {
  const item = ahead.shift();
  find("item").replaceChildren(...(item ? [item] : []));
  emptySince = item ? undefined : since;
  const image = item?.querySelector("img");
  const measure = () => performance.measure("key to next image", { start: since });
  if (image && since !== undefined) image.decode().then(() => requestAnimationFrame(measure), () => {});
}

function decide(says, since) {
  const item = current();
  if (!item) return;
  const id = item.dataset.review;
  const fields = new FormData(item.querySelector("form.decide"));
  fields.set("says", says);
  say(`${SAID[says]}.`);
  step(item, since, async () => {
    take(await send(`${id}/decision`, fields));
    decided.push(id);
    showLast();
  });
}

function skip(since) {
  const item = current();
  if (item) step(item, since, async () => take(await send(`${item.dataset.review}/skip`)));
}

/** Show the next item at once; if the work fails, say so and bring this one back. */
function step(item, since, work) {
  clearProblem();
  showNext(since);
  act(() =>
    work().catch((error) => {
      putBack(item);
      throw error;
    }),
  );
  act(fill);
}

function putBack(item) {
  if (current()) ahead.unshift(current());
  find("item").replaceChildren(item);
  find("nothing").hidden = true;
}

function undo() {
  act(async () => {
    const id = decided.at(-1) ?? find("undo").action.match(/reviews\/([^/]+)\/undo/)?.[1];
    if (!id) return;
    const item = await send(`${id}/undo`);
    decided.pop();
    showLast();
    putBack(item);
    say("Undone.");
  });
}

function showLast() {
  const id = decided.at(-1);
  find("undo").hidden = !id;
  if (!id) return find("undo").removeAttribute("action");
  find("undo").action = `/reviews/${id}/undo`;
  find("statement").href = `/v1/reviews/${id}/statement`;
}

function zoom(factor) {
  const frame = current()?.querySelector(".frame");
  if (!frame) return;
  const now = Number(frame.dataset.zoom ?? 1);
  const next = Math.min(Math.max(now * factor, 1), MAX_ZOOM);
  frame.dataset.zoom = next;
  frame.style.setProperty("--zoom", next);
}

function toggleHeatmap() {
  const button = current()?.querySelector("[data-act=heat]");
  if (!button) return;
  const isOn = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", String(isOn));
  current().querySelector(".heat").hidden = !isOn;
  current().querySelector(".seen").hidden = isOn;
}

function showCounts(waiting) {
  const all = Object.values(waiting).reduce((sum, count) => sum + count, 0);
  for (const place of document.querySelectorAll("[data-count]")) {
    place.textContent = place.dataset.count === "all" ? all : (waiting[place.dataset.count] ?? 0);
  }
}

function say(text) {
  find("status").textContent = text;
}

function showProblem(error) {
  find("problem").textContent = error.message;
  find("problem").hidden = false;
}

function clearProblem() {
  find("problem").hidden = true;
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.target.matches("input, textarea")) return;
  const key = event.key.toLowerCase();
  if (KEYS[key]) decide(KEYS[key], event.timeStamp);
  else if (key === "s") skip(event.timeStamp);
  else if (key === "z") undo();
  else if (key === "h") toggleHeatmap();
  else if (key === "+" || key === "=") zoom(2);
  else if (key === "-") zoom(0.5);
  else return;
  event.preventDefault();
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.closest(".top")) return; // signing out goes its own way
  event.preventDefault();
  if (form.id === "undo") undo();
  else if (!form.matches(".decide")) act(fill);
  else if (event.submitter?.value) decide(event.submitter.value, event.timeStamp);
  else skip(event.timeStamp);
});

document.addEventListener("click", (event) => {
  const act = event.target.closest("[data-act]")?.dataset.act;
  if (act === "in") zoom(2);
  if (act === "out") zoom(0.5);
  if (act === "heat") toggleHeatmap();
});

find("nothing").hidden = true;
act(fill);
