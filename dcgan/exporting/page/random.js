// Normal numbers that follow from a seed, the same in every browser.

/** xoshiro128** (Blackman and Vigna 2018): a stream of integers below 2^32. */
export function xoshiro128(state) {
  let [a, b, c, d] = state;
  return () => {
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotate(d, 11);
    return result;
  };
}

/** The stream of a seed: splitmix32 spreads it over the state. */
export function stream(seed) {
  let sum = seed >>> 0;
  const next = () => {
    sum = (sum + 0x9e3779b9) | 0;
    let mixed = Math.imul(sum ^ (sum >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return mixed ^ (mixed >>> 15);
  };
  return xoshiro128([next(), next(), next(), next()]);
}

/** `count` independent standard normal numbers (Box and Muller 1958). */
export function normals(seed, count) {
  const draw = stream(seed);
  const numbers = new Float32Array(count + (count % 2));
  for (let k = 0; k < numbers.length; k += 2) {
    const radius = Math.sqrt(-2 * Math.log((draw() + 0.5) / 2 ** 32)); // never of 0
    const angle = (2 * Math.PI * draw()) / 2 ** 32;
    numbers[k] = radius * Math.cos(angle);
    numbers[k + 1] = radius * Math.sin(angle);
  }
  return numbers.subarray(0, count);
}

function rotate(bits, by) {
  return (bits << by) | (bits >>> (32 - by));
}
