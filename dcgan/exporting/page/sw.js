// Keeps every file of the page, so that it opens without a network.

const FILES = ["./", ...$files];
const MINE = self.registration.scope + "#"; // other pages may share the address
const NAME = MINE + "$version";

self.addEventListener("install", (event) => {
  // The browser has just loaded them: it asks whether they are still the same.
  const requests = FILES.map((name) => new Request(name, { cache: "no-cache" }));
  const filled = caches.open(NAME).then((cache) => cache.addAll(requests));
  event.waitUntil(filled.then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(forgetOlder().then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  if (event.request.method === "GET") event.respondWith(answer(event.request));
});

async function forgetOlder() {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith(MINE) && name !== NAME);
  await Promise.all(old.map((name) => caches.delete(name)));
}

async function answer(request) {
  const cache = await caches.open(NAME);
  return (await cache.match(request, { ignoreSearch: true })) ?? fetch(request);
}
