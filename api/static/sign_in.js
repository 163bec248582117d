// `ntf run` prints a link with the key behind the `#`. A fragment never leaves the browser on its
// own; it is moved into the form, wiped from the address and the history, and posted.
const key = new URLSearchParams(location.hash.slice(1)).get("key");
if (key) {
  history.replaceState(null, "", location.pathname);
  document.getElementById("key").value = key;
  document.getElementById("sign-in").requestSubmit();
}
