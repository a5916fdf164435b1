// A picture in the address of the page: its seed, and how far it was changed.

import { dot, moved } from "./latent.js";

export const HIGHEST = 2 ** 32 - 1;
const FARTHEST = 9; // standard deviations, of an address that somebody has written

/** The seed in a text, or null. */
export function seedIn(text) {
  const number = /^\d{1,10}$/.test(text ?? "") ? Number(text) : NaN;
  return number <= HIGHEST ? number : null;
}

/** The latent that `home` becomes by the directions d1, d2 ... of an address. */
export function latentIn(asked, home, directions) {
  let latent = home;
  directions.forEach((direction, k) => {
    const value = parseFloat(asked.get(`d${k + 1}`));
    if (Math.abs(value) <= FARTHEST) latent = moved(latent, direction, value);
  });
  return latent;
}

/** The address of a latent that was made from `home`, the latent of the seed. */
export function addressOf(seed, home, latent, directions) {
  const told = new URLSearchParams({ seed });
  directions.forEach((direction, k) => {
    const value = dot(latent, direction);
    const changed = Math.abs(value - dot(home, direction)) > 1e-3;
    if (changed) told.set(`d${k + 1}`, value.toFixed(2));
  });
  return `?${told}`;
}

/** Returns a function that calls `action`, but no more often than every `pause` ms;
 * of several calls in between the last one counts. Safari allows 100 new addresses in
 * half a minute, and a slider asks for more. */
export function atMostEvery(pause, action) {
  let before = -Infinity;
  let waiting;
  return function act() {
    clearTimeout(waiting);
    const left = before + pause - performance.now();
    if (left > 0) {
      waiting = setTimeout(act, left);
      return;
    }
    before = performance.now();
    action();
  };
}
