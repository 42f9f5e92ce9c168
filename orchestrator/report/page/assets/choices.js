// One cell's pictures at a time.
for (const select of document.querySelectorAll("select[data-choose]")) {
  const cells = document.querySelectorAll(`[data-choice="${select.dataset.choose}"]`);
  const show = () => { for (const cell of cells) cell.hidden = cell.dataset.key !== select.value; };
  select.addEventListener("change", show);
  show();
}
