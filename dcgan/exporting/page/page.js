// What the visitor does, and what then happens.

import { addressOf, atMostEvery, HIGHEST, latentIn, seedIn } from "./address.js";
import { dot, moved, slerp } from "./latent.js";
import { loadModel } from "./model.js";
import { normals, stream } from "./random.js";
import { paint, png, save, walkWithArrows } from "./view.js";

const MANY = 12; // pictures in the grid
const LEG = 2400; // milliseconds from one picture of the morph to the next
const FAR = 3; // standard deviations that the sliders reach
const FACTORS = [1, 4, 8]; // of the downloads
const NEW_SEEDS = 1_000_000; // short ones can be read out

const at = (id) => document.getElementById(id);
let model, seed, home, latent, picture;
let morph = null; // { from, to, seed, began }; the same one until it is stopped
let wanted = null; // the next latent to be drawn; older wishes are forgotten
let drawing = false;
let gridsPainted = 0;

start().catch((error) => {
  at("loaded").hidden = true;
  at("loading").hidden = false;
  at("told").textContent = `This browser could not start it (${error.message}).`;
});

async function start() {
  at("told").textContent = "Loading";
  at("loaded").hidden = false;
  model = await loadModel((share) => (at("loaded").value = share));
  document.body.classList.toggle("clear", model.channels === 4);
  fitToScreen();
  buildSliders();
  buildGrid();
  buildSizes();
  listen();
  for (const element of document.querySelectorAll(":disabled")) element.disabled = false;
  const asked = new URLSearchParams(location.search);
  seed = seedIn(asked.get("seed")) ?? newSeed();
  home = latentOf(seed);
  seedGrid(seed);
  await change(latentIn(asked, home, model.directions));
  at("loading").hidden = true;
  at("main").removeAttribute("aria-busy");
  await paintGrid();
  keepOffline();
}

// ---- the picture ---------------------------------------------------------------

const latentOf = (number) => normals(number, model.latentDim);
const newSeed = () => Math.floor(Math.random() * NEW_SEEDS);

function show(number) {
  stopMorph();
  [seed, home] = [number, latentOf(number)];
  return change(home);
}

const tellAddress = atMostEvery(350, () => {
  history.replaceState(null, "", addressOf(seed, home, latent, model.directions));
});

function change(next) {
  latent = next;
  tellAddress();
  tellSliders();
  markGrid();
  if (!morph || document.activeElement !== at("seed")) at("seed").value = seed;
  at("picture").setAttribute("aria-label", `Picture of seed ${seed}`);
  at("status").textContent = `Picture of seed ${seed}`;
  return draw(latent);
}

async function draw(next) {
  wanted = next;
  if (drawing) return;
  drawing = true;
  while (wanted) {
    const now = wanted;
    wanted = null;
    picture = await model.picture(now);
    paint(at("picture"), picture);
  }
  drawing = false;
}

// ---- sliders -------------------------------------------------------------------

function buildSliders() {
  model.directions.forEach((direction, k) => {
    const share = `${Math.round(100 * model.shares[k])} %`;
    const row = document.createElement("label");
    row.className = "slider";
    row.innerHTML = `<span>${share}</span><input type="range" min="${-FAR}" max="${FAR}"
      step="0.05" aria-label="Direction ${k + 1}, ${share} of the differences"><output></output>`;
    row.querySelector("input").addEventListener("input", (event) => {
      change(moved(latent, direction, event.target.valueAsNumber));
    });
    at("sliders").append(row);
  });
}

function tellSliders() {
  [...at("sliders").children].forEach((row, k) => {
    const value = dot(latent, model.directions[k]);
    const slider = row.querySelector("input");
    if (slider !== document.activeElement || Math.abs(slider.value - value) > 0.03) {
      slider.value = value;
    }
    row.querySelector("output").textContent = value.toFixed(2).replace("-", "\u2212");
  });
  at("reset").disabled = latent === home;
}

// ---- the grid ------------------------------------------------------------------

function buildGrid() {
  for (let k = 0; k < MANY; k++) {
    const button = document.createElement("button");
    button.tabIndex = k ? -1 : 0;
    button.append(document.createElement("canvas"));
    button.addEventListener("click", () => {
      show(Number(button.dataset.seed));
      at("picture").scrollIntoView({ block: "nearest" });
    });
    at("grid").append(button);
  }
  walkWithArrows(at("grid"));
}

/** All tiles at once get their seeds: they can be tapped before they are painted. */
function seedGrid(first) {
  const draws = stream(first);
  for (const button of at("grid").children) {
    button.dataset.seed = draws() % NEW_SEEDS;
    button.setAttribute("aria-label", `Seed ${button.dataset.seed}`);
    const { width, height } = button.firstChild;
    button.firstChild.getContext("2d").clearRect(0, 0, width, height);
  }
  markGrid();
}

async function paintGrid() {
  const mine = ++gridsPainted; // later ones stop this one
  for (const button of at("grid").children) {
    const found = await model.picture(latentOf(Number(button.dataset.seed)));
    if (mine !== gridsPainted) return;
    paint(button.firstChild, found);
  }
}

function markGrid() {
  for (const button of at("grid").children) {
    const shown = Number(button.dataset.seed) === seed && latent === home;
    shown ? button.setAttribute("aria-current", "true") : button.removeAttribute("aria-current");
  }
}

// ---- the morph -----------------------------------------------------------------

function startMorph() {
  const mine = leg(latent);
  morph = mine;
  tellMorph();
  requestAnimationFrame((now) => step(now, mine));
}

/** From a latent to that of a new seed. */
function leg(from) {
  const next = newSeed();
  return { from, to: latentOf(next), seed: next, began: performance.now() };
}

async function step(now, mine) {
  if (morph !== mine) return; // stopped, and another may have been started
  const share = Math.min(1, Math.max(0, (now - mine.began) / LEG));
  const eased = share * share * (3 - 2 * share);
  await draw(slerp(mine.from, mine.to, eased));
  if (morph !== mine) return;
  if (share === 1) arrive();
  requestAnimationFrame((later) => step(later, mine));
}

function arrive() {
  [seed, home] = [morph.seed, morph.to];
  change(home);
  Object.assign(morph, leg(home)); // still the same morph
}

function stopMorph() {
  if (!morph) return;
  morph = null;
  tellMorph();
}

function tellMorph() {
  // What is shown has no place on the sliders until it arrives.
  for (const slider of at("sliders").querySelectorAll("input")) slider.disabled = Boolean(morph);
  at("morph").setAttribute("aria-pressed", String(Boolean(morph)));
  at("morph").textContent = morph ? "Stop" : "Morph";
}

// ---- the rest ------------------------------------------------------------------

function listen() {
  at("new").addEventListener("click", () => show(newSeed()));
  at("picture").addEventListener("click", () => show(newSeed()));
  at("morph").addEventListener("click", () => {
    morph ? show(morph.seed) : startMorph(); // it ends where it was going
  });
  at("reset").addEventListener("click", () => show(seed));
  at("others").addEventListener("click", () => {
    seedGrid(newSeed());
    paintGrid();
  });
  at("seeds").addEventListener("submit", (event) => {
    event.preventDefault();
    const number = seedIn(at("seed").value.trim());
    number === null ? refuseSeed() : show(number);
  });
  at("seed").addEventListener("input", () => at("seed").setCustomValidity(""));
  at("saving").addEventListener("submit", async (event) => {
    event.preventDefault();
    const factor = Number(at("scale").value);
    const name = `${nameOfPicture()}-x${factor}.png`;
    save(await png(picture, factor), name);
  });
  addEventListener("resize", fitToScreen);
}

function nameOfPicture() {
  if (morph) return `${seed}-to-${morph.seed}`;
  return latent === home ? `${seed}` : `${seed}-changed`;
}

function refuseSeed() {
  at("seed").setCustomValidity(`A whole number from 0 to ${HIGHEST}`);
  at("seed").reportValidity();
}

function buildSizes() {
  for (const factor of FACTORS) {
    const text = `${model.width * factor} \u00d7 ${model.height * factor}`;
    at("scale").add(new Option(text, factor, factor === 4, factor === 4));
  }
}

/** Canvases are enlarged by whole factors of the screen's own pixels. */
function fitToScreen() {
  const step = `${model.width / devicePixelRatio}px`;
  document.documentElement.style.setProperty("--step", step);
}

function keepOffline() {
  const may = "serviceWorker" in navigator && isSecureContext;
  if (may) navigator.serviceWorker.register("sw.js").catch(() => {}); // works online
}
