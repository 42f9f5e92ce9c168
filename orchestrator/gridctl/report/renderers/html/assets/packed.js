// Levels as packed_levels.py writes them: deflated distances from the value before; 4095 for no value.
const unpackLevels = async (text, rows, count) => {
  const deflated = new Blob([Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))]);
  const inflated = deflated.stream().pipeThrough(new DecompressionStream("deflate"));
  const bytes = new Uint8Array(await new Response(inflated).arrayBuffer());
  const levels = new Uint16Array(rows * count);
  for (let at = 0; at < levels.length; at += 1) {
    const distance = (bytes[at] << 8) | bytes[levels.length + at];
    levels[at] = (at % count ? levels[at - 1] : 0) + (distance & 1 ? -((distance + 1) >> 1) : distance >> 1);
  }
  return levels;
};
const unpackCurves = async (packed) => {
  const count = packed.epochs.length;
  const curves = await Promise.all(packed.curves.map(async (curve) => {
    const levels = await unpackLevels(curve.data, packed.runs.length, count);
    const values = Float32Array.from(levels, (level) => (level === 4095 ? NaN : curve.low + (level / 4094) * (curve.high - curve.low)));
    const { id, name, metric, range } = curve;
    return { id, name, metric, range, of: (run) => values.subarray(run * count, (run + 1) * count) };
  }));
  const runs = packed.runs.map(([model, ratio, ablation, seed, id, done], index) => ({ index, model, ratio, ablation, seed, id, done }));
  return { ...packed, curves, runs };
};
// Mean over runs at each epoch; where no run has a value, none.
const meanCurve = (curve, runs, count) => {
  const sums = new Float64Array(count), seen = new Uint16Array(count);
  for (const run of runs) curve.of(run.index).forEach((value, at) => { if (value === value) { sums[at] += value; seen[at] += 1; } });
  return Float32Array.from(sums, (sum, at) => (seen[at] ? sum / seen[at] : NaN));
};
