// The generator: latents to pixels, by ONNX Runtime on one thread of the processor.

import * as ort from "./ort.js";

/** Loads model and runtime; `told` is called with the share loaded so far. */
export async function loadModel(told = () => {}) {
  const facts = await (await fetched("generator.json")).json();
  const total = { done: 0, all: 0 };
  const [binary, model] = await Promise.all(
    ["ort.wasm.gz", "generator.onnx"].map((name) => download(name, total, told)),
  );
  ort.env.wasm.numThreads = 1; // more would need headers that few static hosts send
  ort.env.wasm.wasmBinary = await unzipped(binary);
  const session = await ort.InferenceSession.create(model, {
    executionProviders: ["wasm"],
  });
  return new Model(facts, session);
}

class Model {
  constructor(facts, session) {
    Object.assign(this, facts);
    this.session = session;
    this.queue = Promise.resolve();
  }

  /** The picture of a latent, as `ImageData`. Several calls wait for each other. */
  picture(latent) {
    this.queue = this.queue.catch(() => {}).then(() => this.run(latent));
    return this.queue;
  }

  async run(latent) {
    const input = new ort.Tensor("float32", Float32Array.from(latent), [1, latent.length]);
    const { pictures } = await this.session.run({ latents: input });
    return new ImageData(this.pixels(pictures.data), this.width, this.height);
  }

  /** Numbers from -1 to 1 of 1, 3 or 4 channels, as bytes of four. */
  pixels(numbers) {
    const { channels } = this;
    const bytes = new Uint8ClampedArray(this.width * this.height * 4).fill(255);
    for (let k = 0; k < bytes.length / 4; k++) {
      for (let c = 0; c < Math.max(3, channels); c++) {
        const from = channels === 1 ? 0 : c;
        bytes[4 * k + c] = numbers[k * channels + from] * 127.5 + 127.5;
      }
    }
    return bytes;
  }
}

async function fetched(name) {
  const response = await fetch(name);
  if (!response.ok) throw new Error(`${name}: ${response.status}`);
  return response;
}

async function download(name, total, told) {
  const response = await fetched(name);
  total.all += Number(response.headers.get("Content-Length")) || 0;
  const parts = [];
  const reader = response.body.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    parts.push(part.value);
    total.done += part.value.length;
    told(total.all ? Math.min(1, total.done / total.all) : 0);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

/** Some servers and browsers unzip on the way; then there is nothing left to do. */
async function unzipped(bytes) {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes.buffer;
  const stream = new Blob([bytes]).stream();
  const opened = stream.pipeThrough(new DecompressionStream("gzip"));
  return new Response(opened).arrayBuffer();
}
