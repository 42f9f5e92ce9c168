// Curves as packed_curves writes them: base64 of 12-bit numbers, 4095 for no value.
const unpackCurves = (packed) => {
  const count = packed.epochs.length;
  const curves = packed.curves.map((curve) => {
    const bytes = Uint8Array.from(atob(curve.data), (letter) => letter.charCodeAt(0));
    const values = new Float32Array(packed.runs.length * count);
    for (let at = 0; at < values.length; at += 1) {
      const byte = (at >> 1) * 3;
      const level = at % 2 ? ((bytes[byte + 1] & 15) << 8) | bytes[byte + 2] : (bytes[byte] << 4) | (bytes[byte + 1] >> 4);
      values[at] = level === 4095 ? NaN : curve.low + (level / 4094) * (curve.high - curve.low);
    }
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
