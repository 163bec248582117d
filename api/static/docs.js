// The typefaces of this machine: nothing is loaded from elsewhere.
const font = "system-ui, sans-serif";
Redoc.init(
  "/openapi.json",
  { hideDownloadButton: false, theme: { typography: { fontFamily: font, headings: { fontFamily: font } } } },
  document.getElementById("redoc"),
);
