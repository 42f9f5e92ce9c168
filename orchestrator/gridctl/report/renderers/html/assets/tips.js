// Tooltips of marks, beside the pointer.
const tip = document.getElementById("tip");
const showTip = (text, x, y) => {
  tip.textContent = text;
  tip.hidden = false;
  const box = tip.getBoundingClientRect();
  tip.style.left = `${Math.max(4, Math.min(x + 12, innerWidth - box.width - 4))}px`;
  tip.style.top = `${y + 16 + box.height > innerHeight ? Math.max(4, y - box.height - 10) : y + 16}px`;
};
const hideTip = () => { tip.hidden = true; };
// A mark says in what it differs from the others of its group, whose words have a {} for each.
const tipOf = (marked) => {
  const words = marked.parentElement.dataset.words, own = marked.dataset.tip.split(" ");
  return words ? words.replaceAll("{}", () => own.shift()) : marked.dataset.tip;
};
document.addEventListener("pointermove", (event) => {
  const marked = event.target.closest?.("[data-tip]");
  if (marked) showTip(tipOf(marked), event.clientX, event.clientY);
  else if (!event.target.closest?.("canvas")) hideTip();
});
document.addEventListener("scroll", hideTip, { passive: true, capture: true });
document.addEventListener("keydown", (event) => { if (event.key === "Escape") hideTip(); });
document.addEventListener("click", (event) => {
  const run = event.target.closest?.("[data-run]")?.dataset.run;
  if (run) goToRun(run);
});
