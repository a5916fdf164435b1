// Pictures on the page, and as files.

/** Shows `ImageData` on a canvas, pixel for pixel. */
export function paint(canvas, picture) {
  if (canvas.width !== picture.width) canvas.width = picture.width;
  if (canvas.height !== picture.height) canvas.height = picture.height;
  canvas.getContext("2d").putImageData(picture, 0, 0);
}

/** A PNG file of a picture, each pixel a square of `factor` x `factor`. */
export function png(picture, factor) {
  const small = new OffscreenCanvas(picture.width, picture.height);
  small.getContext("2d").putImageData(picture, 0, 0);
  const large = new OffscreenCanvas(picture.width * factor, picture.height * factor);
  const context = large.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.drawImage(small, 0, 0, large.width, large.height);
  return large.convertToBlob({ type: "image/png" });
}

/** Lets the visitor keep a file. */
export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** Arrow keys, Home and End go from button to button; Tab enters and leaves. */
export function walkWithArrows(group) {
  group.addEventListener("keydown", (event) => {
    const buttons = [...group.children];
    const here = buttons.indexOf(document.activeElement);
    const columns = buttons.filter((b) => b.offsetTop === buttons[0].offsetTop).length;
    const last = buttons.length - 1;
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns };
    const ends = { Home: 0, End: last };
    if (here < 0 || !(event.key in steps || event.key in ends)) return;
    event.preventDefault();
    const there = ends[event.key] ?? here + steps[event.key];
    if (there >= 0 && there <= last) buttons[there].focus();
  });
  group.addEventListener("focusin", (event) => {
    for (const button of group.children) button.tabIndex = button === event.target ? 0 : -1;
  });
}
