// The check page: ask, watch the progress, show the verdict. No library, no framework.
import { showSimilar } from "./similar.js";
import { fillVerdict } from "./verdict.js";

const POLL_MILLISECONDS = 400;
const STEPS = ["queued", "fetching", "detecting", "done"];
const find = (id) => document.getElementById(id);

let current = null; // the AbortController of the check on the screen

find("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  const url = find("url").value.trim();
  if (url) start(askForUrl(url));
  else find("file").showPicker?.();
});
find("file").addEventListener("change", (event) => startFile(event.target.files[0]));
find("cancel").addEventListener("click", () => current?.abort());

const drop = find("drop");
for (const name of ["dragenter", "dragover"]) {
  document.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
document.addEventListener("dragleave", () => drop.classList.remove("over"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  takeTransfer(event.dataTransfer);
});
document.addEventListener("paste", (event) => {
  if (event.target instanceof HTMLInputElement && !event.clipboardData.files.length) return;
  event.preventDefault();
  takeTransfer(event.clipboardData);
});

/** A dropped or pasted thing: a file if there is one, else an address. */
function takeTransfer(transfer) {
  const text = (transfer.getData("text/uri-list") || transfer.getData("text/plain")).trim();
  if (transfer.files[0]) startFile(transfer.files[0]);
  else if (/^https?:\/\//i.test(text)) {
    find("url").value = text;
    start(askForUrl(text));
  }
}

function startFile(file) {
  if (file) start(askForFile(file));
  find("file").value = "";
}

const askForUrl = (url) => ({
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify({ url }),
});

function askForFile(file) {
  const body = new FormData();
  body.append("image", file);
  return { body };
}

/** One check from the question to its answer; a newer one takes its place on the screen. */
async function start(question) {
  current?.abort();
  const mine = (current = new AbortController());
  showWaiting();
  try {
    let check = await call("/v1/checks", { method: "POST", ...question, signal: mine.signal });
    while (STEPS.indexOf(check.status) >= 0 && check.status !== "done") {
      showStep(check.status);
      await pause(POLL_MILLISECONDS, mine.signal);
      check = await call(`/v1/checks/${check.id}`, { signal: mine.signal });
    }
    if (check.status === "failed") throw new Error(check.error.message);
    showAnswer(check);
    showSimilar(check, mine.signal);
  } catch (error) {
    if (current === mine) showProblem(mine.signal.aborted ? "Stopped waiting. The check goes on; ask again to see its verdict." : error.message);
  }
}

/** The JSON of an answer; a problem document becomes an error with its own words. */
async function call(address, options) {
  let answer;
  try {
    answer = await fetch(address, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The server does not answer. Is it still running? Try again in a moment.");
  }
  const body = await answer.json().catch(() => ({}));
  if (answer.status === 401) throw new Error("The session has ended. Reload the page and sign in again.");
  if (!answer.ok) throw new Error(body.detail ?? `The server answered ${answer.status}.`);
  return body;
}

const pause = (milliseconds, signal) =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(new DOMException("stopped", "AbortError"));
    }, { once: true });
  });

function showWaiting() {
  find("result").hidden = false;
  find("answer").hidden = true;
  find("problem").hidden = true;
  find("cancel").hidden = false;
  find("progress").hidden = false;
  find("result-title").textContent = "Checking";
  showStep("queued");
  find("result").scrollIntoView({ block: "nearest" });
}

function showStep(status) {
  for (const item of find("progress").children) {
    const isPast = STEPS.indexOf(item.dataset.status) < STEPS.indexOf(status);
    item.classList.toggle("past", isPast);
    if (item.dataset.status === status) item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
  }
  say({ queued: "Queued", fetching: "Fetching the image", detecting: "Detecting" }[status]);
}

function showAnswer(check) {
  endWaiting();
  find("result-title").textContent = "Verdict";
  find("answer").hidden = false;
  fillVerdict(check);
  say(`${find("verdict-label").textContent}. ${find("verdict-meaning").textContent}`);
  find("result-title").focus({ preventScroll: true });
  find("result").scrollIntoView({ block: "nearest" });
}

function showProblem(message) {
  endWaiting();
  find("result-title").textContent = "No verdict";
  find("problem").hidden = false;
  find("problem").textContent = message;
}

function endWaiting() {
  find("cancel").hidden = true;
  find("progress").hidden = true;
}

/** Announce once: a status that is said again is not read again. */
function say(text) {
  if (find("status").textContent !== text) find("status").textContent = text;
}
