// What the theme leaves out for readers who move by keyboard (WCAG 2, 2.1.1 and 2.4.3), and print.

// Boxes that scroll sideways: the theme sees to code and outputs, explorers to their own.
const BOXES = [".cell_output", "figure", "div.math", "mjx-container"]
  .map((box) => `.bd-article ${box}`).join(", ");

/**
 * Says whether an element's content is wider than the element, and can be scrolled.
 * @param {Element} element
 * @returns {boolean}
 */
function scrollsSideways(element) {
  const wider = element.scrollWidth > element.clientWidth && element.clientWidth > 0;
  return wider && ["auto", "scroll"].includes(getComputedStyle(element).overflowX);
}

/** Gives the boxes that scroll now a place in the order of the tab key, and takes others' away. */
function markScrollers() {
  for (const element of document.querySelectorAll(BOXES)) {
    if (element.closest(".lv-explorer")) continue;
    if (scrollsSideways(element)) element.tabIndex = 0;
    else if (element.matches("[tabindex='0']")) element.removeAttribute("tabindex");
  }
}

/** Waits for formulae and fonts, which change widths, then marks and keeps the marks right. */
async function watchScrollers() {
  await window.MathJax?.startup?.promise;
  await document.fonts.ready;
  markScrollers();
  new ResizeObserver(markScrollers).observe(document.querySelector("#main-content"));
}

// The theme lets go of these buttons when they are pressed, and the next stop is the page's top.
const LETTING_GO = ".theme-switch-button, .search-button, .primary-toggle, .secondary-toggle";

window.addEventListener("click", (event) => {
  const button = event.target.closest(LETTING_GO);
  if (!button || event.detail > 0) return; // by a pointer, whose tooltip should go
  button.blur = () => {};
  setTimeout(() => delete button.blur);
}, true);

// Pictures that wait for the reader would be missing on paper.
window.addEventListener("beforeprint", () => {
  for (const picture of document.querySelectorAll("img[loading='lazy']")) picture.loading = "eager";
});
window.addEventListener("load", watchScrollers);
