// Lets the keyboard reach what scrolls sideways within its own box (WCAG 2, 2.1.1). The theme does
// so for code and outputs only; explorers look after their own.

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
  new ResizeObserver(markScrollers).observe(document.querySelector(".bd-article"));
}

// Pictures that wait for the reader would be missing on paper.
window.addEventListener("beforeprint", () => {
  for (const picture of document.querySelectorAll("img[loading='lazy']")) picture.loading = "eager";
});
window.addEventListener("load", watchScrollers);
