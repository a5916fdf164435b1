// Arithmetic of latent vectors.

export function dot(a, b) {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k] * b[k];
  return sum;
}

/** The latent whose coordinate along a unit vector is `value`, alike in all others. */
export function moved(latent, direction, value) {
  const step = value - dot(latent, direction);
  return latent.map((number, k) => number + step * direction[k]);
}

/** The point at a share of the great circle from one latent to another. */
export function slerp(start, end, share) {
  const cosine = dot(start, end) / Math.sqrt(dot(start, start) * dot(end, end));
  const angle = Math.acos(Math.min(1, Math.max(-1, cosine)));
  const sine = Math.sin(angle);
  // Along a straight line where the formula would divide by nearly 0.
  const first = sine < 1e-6 ? 1 - share : Math.sin((1 - share) * angle) / sine;
  const second = sine < 1e-6 ? share : Math.sin(share * angle) / sine;
  return start.map((number, k) => first * number + second * end[k]);
}
