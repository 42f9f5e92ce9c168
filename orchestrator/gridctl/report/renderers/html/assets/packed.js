// Levels as packed_levels.py writes them: Rice codes of distances from the value before; 4095 for no value.
const unpackLevels = (text, rows, count) => {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const levels = new Uint16Array(rows * count);
  let at = 0;
  const bit = () => { const found = (bytes[at >> 3] >> (7 - (at & 7))) & 1; at += 1; return found; };
  const number = (bits) => { let found = 0; for (let left = bits; left > 0; left -= 1) found = (found << 1) | bit(); return found; };
  for (let row = 0; row < rows; row += 1) {
    let level = 0, scaled = 2048;
    for (let column = 0; column < count; column += 1) {
      const mean = scaled >> 3, k = Math.max(0, 31 - Math.clz32((3 * mean + 1) >> 2));
      let ones = 0;
      while (ones < 12 && bit()) ones += 1;
      const distance = ones < 12 ? (ones << k) | number(k) : number(13);
      level += distance & 1 ? -((distance + 1) >> 1) : distance >> 1;
      levels[row * count + column] = level;
      scaled += distance - mean;
    }
  }
  return levels;
};
const unpackCurves = (packed) => {
  const count = packed.epochs.length;
  const curves = packed.curves.map((curve) => {
    const levels = unpackLevels(curve.data, packed.runs.length, count);
    const values = Float32Array.from(levels, (level) => (level === 4095 ? NaN : curve.low + (level / 4094) * (curve.high - curve.low)));
    const { id, name, metric, range } = curve;
    return { id, name, metric, range, of: (run) => values.subarray(run * count, (run + 1) * count) };
  });
  const runs = packed.runs.map(([model, ratio, ablation, seed, id, done], index) => ({ index, model, ratio, ablation, seed, id, done }));
  return { ...packed, curves, runs };
};
// Mean over runs at each epoch; where no run has a value, none.
const meanCurve = (curve, runs, count) => {
  const sums = new Float64Array(count), seen = new Uint16Array(count);
  for (const run of runs) curve.of(run.index).forEach((value, at) => { if (value === value) { sums[at] += value; seen[at] += 1; } });
  return Float32Array.from(sums, (sum, at) => (seen[at] ? sum / seen[at] : NaN));
};
