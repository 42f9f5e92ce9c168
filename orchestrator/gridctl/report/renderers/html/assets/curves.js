// All learning curves: one picture per set and train ratio, as chosen in the form above them.
(async () => {
  const source = document.getElementById("curve-data");
  if (!source) return;
  const form = document.getElementById("curve-choices");
  const parent = document.getElementById("curve-panels");
  if (!("DecompressionStream" in window)) {
    parent.textContent = "Curves need a browser of 2023 or later. The table of runs has each run's scores.";
    return;
  }
  parent.setAttribute("aria-busy", "true");
  const data = await unpackCurves(JSON.parse(source.textContent));
  parent.removeAttribute("aria-busy");
  const panels = new Map(), groups = new Map();
  const chosen = (name, all) => {
    const boxes = form.elements[name];
    if (!boxes) return all;
    return [...(boxes.length === undefined ? [boxes] : boxes)].filter((box) => box.checked).map((box) => Number(box.value));
  };
  // Early epochs span far more than later ones, in which models differ: the axis may leave the former out.
  const bounds = (curve, runs, axis) => {
    if (axis === "unit" && curve.range) return { low: curve.range[0], high: curve.range[1] };
    const from = axis === "late" ? data.epochs.findIndex((epoch) => epoch > data.epochs.at(-1) / 4) : 0;
    let low = Infinity, high = -Infinity;
    for (const run of runs) for (const value of curve.of(run.index).subarray(from)) { if (value < low) low = value; if (value > high) high = value; }
    if (low > high) return axis === "late" ? bounds(curve, runs, "all") : { low: 0, high: 1 };
    const room = Math.max((high - low) * 0.05, 0.005);
    return { low: low - room, high: high + room };
  };
  const show = () => {
    const models = new Set(chosen("model", []));
    const ratios = chosen("ratio", data.ratios.map((_, index) => index));
    const ablation = form.elements.ablation ? Number(form.elements.ablation.value) : 0;
    const metric = form.elements.metric.value, draw = form.elements.draw.value;
    const curves = data.curves.filter((curve) => curve.id === metric || curve.metric === metric);
    const runs = data.runs.filter((run) => models.has(run.model) && run.ablation === ablation);
    const wanted = new Map();
    for (const curve of curves) {
      const here = runs.filter((run) => ratios.includes(run.ratio));
      const ends = bounds(curve, here, form.elements.axis.value);
      for (const ratio of ratios) wanted.set(`${curve.id} ${ratio}`, { curve, ratio, ends });
    }
    for (const [key, panel] of panels) if (!wanted.has(key)) { panel.figure.remove(); panels.delete(key); }
    for (const [id, group] of groups) group.hidden = !curves.some((curve) => curve.id === id);
    for (const [key, { curve, ratio, ends }] of wanted) {
      const name = curve.name[0].toUpperCase() + curve.name.slice(1);
      const share = `${+(data.ratios[ratio] * 100).toPrecision(6)}%`;
      if (!groups.has(curve.id)) groups.set(curve.id, group(name));
      if (!panels.has(key)) panels.set(key, new CurvePanel(share, `${name}, ${share}`, data));
      const panel = panels.get(key);
      groups.get(curve.id).lastChild.append(panel.figure);
      panel.show(curve, runs.filter((run) => run.ratio === ratio), { ...ends, runs: draw !== "means", means: draw !== "runs" });
    }
  };
  const group = (name) => {
    const made = document.createElement("div"), heading = document.createElement("h3"), plots = document.createElement("div");
    heading.textContent = name;
    plots.className = "plots";
    made.append(heading, plots);
    parent.append(made);
    return made;
  };
  const redraw = () => { for (const panel of panels.values()) panel.draw(); };
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", show);
  document.addEventListener("theme", redraw);
  addEventListener("resize", redraw);
  addEventListener("beforeprint", redraw);
  show();
})();
