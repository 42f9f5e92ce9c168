// Shows one cell's pictures at a time.
for (const select of document.querySelectorAll("select[data-choose]")) {
  const cells = document.querySelectorAll(`[data-choice="${select.dataset.choose}"]`);
  const show = () => { for (const cell of cells) cell.hidden = cell.dataset.key !== select.value; };
  select.addEventListener("change", show);
  show();
}
// In print everything is expanded.
addEventListener("beforeprint", () => {
  for (const folded of document.querySelectorAll("details:not([open])")) { folded.open = true; folded.dataset.unfolded = ""; }
});
addEventListener("afterprint", () => {
  for (const shown of document.querySelectorAll("details[data-unfolded]")) { shown.open = false; delete shown.dataset.unfolded; }
});
