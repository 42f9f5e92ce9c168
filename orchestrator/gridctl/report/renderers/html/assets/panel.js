// One picture of curves on a canvas, with its axes, the run under the pointer, and a cursor for the keyboard.
const roundTicks = (low, high, about) => {
  const raw = (high - low) / about, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => raw <= size * 1.000001);
  const ticks = [];
  for (let at = Math.ceil(low / step - 1e-9); at <= high / step + 1e-9; at += 1) ticks.push(at * step);
  return { ticks, digits: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) };
};

class CurvePanel {
  constructor(caption, title, data) {
    this.data = data;
    this.title = title;
    this.figure = document.createElement("figure");
    this.figure.className = "plot panel";
    const heading = document.createElement("figcaption");
    heading.textContent = caption;
    this.canvas = document.createElement("canvas");
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "img");
    this.readout = document.createElement("p");
    this.readout.className = "readout";
    this.readout.setAttribute("aria-live", "polite");
    this.figure.append(heading, this.canvas, this.readout);
    this.canvas.addEventListener("pointermove", (event) => this.point(event));
    this.canvas.addEventListener("pointerleave", () => { this.near = null; this.cursor = null; hideTip(); this.draw(); this.say(); });
    this.canvas.addEventListener("click", () => { if (this.near) goToRun(this.near.id); });
    this.canvas.addEventListener("keydown", (event) => this.walk(event));
    this.canvas.addEventListener("blur", () => { this.cursor = null; this.draw(); this.say(); });
  }

  show(curve, runs, options) {
    Object.assign(this, { curve, runs, options, near: null, cursor: null });
    const count = this.data.epochs.length;
    this.means = this.data.models.map((name, model) => ({ name, model, values: meanCurve(curve, runs.filter((run) => run.model === model), count) }));
    this.means = this.means.filter((mean) => mean.values.some((value) => value === value));
    this.known = this.data.epochs.map((_, at) => at).filter((at) => this.means.some((mean) => mean.values[at] === mean.values[at]));
    const said = this.means.map((mean) => `${mean.name} ends at ${mean.values.findLast((value) => value === value).toFixed(3)}`);
    this.canvas.setAttribute("aria-label", `${this.title}: ${runs.length} runs; means: ${said.join(", ") || "none"}`);
    this.draw();
    this.say();
  }

  place(width, height) {
    const { low, high } = this.options;
    const last = Math.max(2, this.data.epochs.at(-1));
    this.x = (epoch) => 44 + ((epoch - 1) / (last - 1)) * (width - 44 - 10);
    this.y = (value) => height - 30 - ((value - low) / (high - low)) * (height - 30 - 8);
  }

  draw() {
    const width = this.canvas.clientWidth, height = Math.round(Math.min(250, Math.max(190, width * 0.62)));
    if (!width) return;
    const scale = Math.max(window.devicePixelRatio || 1, 2);
    if (this.canvas.width !== width * scale || this.canvas.height !== height * scale) {
      this.canvas.width = width * scale;
      this.canvas.height = height * scale;
      this.canvas.style.height = `${height}px`;
    }
    const pen = this.canvas.getContext("2d");
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.clearRect(0, 0, width, height);
    this.place(width, height);
    const style = getComputedStyle(this.canvas);
    this.axes(pen, style, width, height);
    pen.save();
    pen.beginPath();
    pen.rect(40, 0, width - 40, height - 24);
    pen.clip();
    this.lines(pen, style);
    pen.restore();
  }

  axes(pen, style, width, height) {
    pen.font = `11px ${style.fontFamily}`;
    pen.fillStyle = style.getPropertyValue("--quiet");
    pen.strokeStyle = style.getPropertyValue("--rule");
    pen.lineWidth = 1;
    pen.textBaseline = "middle";
    pen.textAlign = "right";
    const vertical = roundTicks(this.options.low, this.options.high, 5);
    for (const tick of vertical.ticks) {
      pen.beginPath();
      pen.moveTo(44, this.y(tick));
      pen.lineTo(width - 10, this.y(tick));
      pen.stroke();
      pen.fillText(tick.toFixed(vertical.digits).replace("-", "−"), 38, this.y(tick));
    }
    pen.textAlign = "center";
    const last = this.data.epochs.at(-1);
    for (const tick of new Set([1, ...roundTicks(0, last, 5).ticks])) {
      if (tick >= 1 && Number.isInteger(tick) && (tick === 1 || this.x(tick) - this.x(1) > 16)) pen.fillText(String(tick), this.x(tick), height - 18);
    }
    pen.fillText("epoch", (44 + width - 10) / 2, height - 5);
  }

  lines(pen, style) {
    const { epochs } = this.data;
    const colour = (model) => style.getPropertyValue(`--s${model % 6}`);
    const trace = (values) => {
      pen.beginPath();
      let on = false;
      values.forEach((value, at) => {
        if (value !== value) return;  // not validated after this epoch: the line goes on to the next that was
        if (on) pen.lineTo(this.x(epochs[at]), this.y(value)); else pen.moveTo(this.x(epochs[at]), this.y(value));
        on = true;
      });
      pen.stroke();
    };
    const { runs, means } = this.options;
    pen.lineJoin = "round";
    if (runs) {
      pen.lineWidth = 1;
      pen.globalAlpha = Math.max(0.07, Math.min(0.55, 7 / this.runs.length)) * (means ? 1 : 1.4);
      for (const run of this.runs) { pen.strokeStyle = colour(run.model); trace(this.curve.of(run.index)); }
      pen.globalAlpha = 1;
    }
    if (means) {
      for (const mean of this.means) {
        pen.lineWidth = 4.5; pen.strokeStyle = style.getPropertyValue("--page"); trace(mean.values);
        pen.lineWidth = 2.4; pen.strokeStyle = colour(mean.model); trace(mean.values);
      }
    }
    if (this.near) { pen.lineWidth = 2; pen.strokeStyle = style.getPropertyValue("--ink"); trace(this.curve.of(this.near.index)); }
    if (this.cursor !== null) {
      pen.lineWidth = 1; pen.strokeStyle = style.getPropertyValue("--quiet");
      pen.beginPath(); pen.moveTo(this.x(epochs[this.cursor]), 0); pen.lineTo(this.x(epochs[this.cursor]), 1000); pen.stroke();
    }
  }

  say() {
    const at = this.cursor ?? this.known.at(-1) ?? 0;
    const parts = this.means.map((mean) => `${mean.name} ${mean.values[at] === mean.values[at] ? mean.values[at].toFixed(3) : "–"}`);
    this.readout.textContent = parts.length ? `Epoch ${this.data.epochs[at]}, mean: ${parts.join(" · ")}` : "no run here";
  }

  point(event) {
    const box = this.canvas.getBoundingClientRect();
    const px = event.clientX - box.left, py = event.clientY - box.top;
    const { epochs } = this.data;
    let at = this.known[0] ?? 0;
    for (const index of this.known) if (Math.abs(this.x(epochs[index]) - px) < Math.abs(this.x(epochs[at]) - px)) at = index;
    this.cursor = at;
    this.near = null;
    let nearest = 14;
    if (this.options.runs) {
      for (const run of this.runs) {
        const distance = Math.abs(this.y(this.curve.of(run.index)[at]) - py);
        if (distance < nearest) { nearest = distance; this.near = run; }
      }
    }
    this.draw();
    this.say();
    if (this.near) showTip(`${this.near.id}: epoch ${epochs[at]}, ${this.curve.of(this.near.index)[at].toFixed(4)}`, event.clientX, event.clientY);
    else hideTip();
  }

  walk(event) {
    const last = this.known.length - 1;
    const to = { ArrowLeft: (at) => at - 1, ArrowRight: (at) => at + 1, Home: () => 0, End: () => last, PageUp: (at) => at + 10, PageDown: (at) => at - 10 }[event.key];
    if (!to) return;
    event.preventDefault();
    const now = this.cursor === null ? last : this.known.indexOf(this.cursor);
    this.cursor = this.known[Math.max(0, Math.min(last, to(now)))] ?? 0;
    this.draw();
    this.say();
  }
}
