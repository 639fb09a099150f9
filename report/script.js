// Shows the value under the pointer. The page is complete without it.
for (const figure of document.querySelectorAll("figure.chart")) {
  const source = figure.querySelector("script");
  if (!source) continue;
  const data = JSON.parse(source.textContent);
  const area = figure.querySelector("svg.area");
  const cursor = area.querySelector(".cursor");
  const output = figure.querySelector("output");

  const nearest = (xs, x) => {
    let best = 0;
    for (let i = 1; i < xs.length; i++) {
      if (Math.abs(xs[i] - x) < Math.abs(xs[best] - x)) best = i;
    }
    return best;
  };

  // Where the pointer is in the plot, as fractions of its width and height.
  const place = (event) => {
    const box = area.getBoundingClientRect();
    const clamp = (v) => Math.min(Math.max(v, 0), 0.999999);
    return [clamp((event.clientX - box.left) / box.width), clamp((event.clientY - box.top) / box.height)];
  };

  const show = (event) => {
    const [x, y] = place(event);
    let mark;
    if (data.rows) {
      const column = Math.floor(x * data.t.length);
      const row = Math.floor(y * data.rows.length);
      output.textContent = `${data.t[column]}: ${data.rows[row]} ${data.v[row][column]} MB/s`;
      mark = (column + 0.5) / data.t.length;
    } else {
      const i = nearest(data.x, x * 1000);
      output.textContent = data.t[i];
      mark = data.x[i] / 1000;
    }
    cursor.setAttribute("x1", `${mark * 100}%`);
    cursor.setAttribute("x2", `${mark * 100}%`);
    figure.classList.add("reading");
  };

  area.addEventListener("pointermove", show);
  area.addEventListener("pointerdown", show);
  area.addEventListener("pointerleave", () => figure.classList.remove("reading"));
}
