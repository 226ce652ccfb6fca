// The viewer: its state, what changes it, and one drawing for all changes between two frames of the screen.

const BESIDE_PIXELS = 116; // what the buttons above and the key below take of the canvas's height

class Viewer {
  constructor(scene, cloud, canvas) {
    Object.assign(this, { scene, cloud, canvas, size: 1.5, shading: true, walls: scene.room });
    this.ceiling = cloud.half[2] > 0 ? (scene.ceiling - scene.layout.low[2]) / (2 * cloud.half[2]) : 1;
    this.drawing = new Drawing(canvas, cloud);
    this.modes = availableModes(cloud, scene);
    this.views = [{ mode: this.modes.find(({ name }) => name === "prediction") ?? this.modes.findLast(({ value }) => value === undefined) }];
    this.hidden = new Set();
    this.isWall = new Uint8Array(cloud.count);
    this.selected = null;
    this.stale = { colours: true, walls: true };
    this.frames = 0;
    this.reset();
  }

  // Of the first view, which is the only one as long as nothing is compared.
  get mode() {
    return this.views[0].mode;
  }

  setMode(name, view = 0) {
    this.views[view].mode = this.modes.find((mode) => mode.name === name) ?? this.views[view].mode;
    this.changed("colours");
  }

  // A second view of the same points by the same camera: what was seen goes to the right, the truth comes to the left.
  setCompared(on) {
    const { mode, rgba } = this.views.at(-1);
    const other = this.modes.find(({ name }) => name === "truth" && mode.name !== name) ?? this.modes[0];
    this.views = on ? [{ mode: other, rgba }, { mode, rgba }] : [{ mode, rgba }];
    this.stale.fit ||= this.untouched;
    this.changed("colours");
  }

  setHidden(labels) {
    this.hidden = new Set(labels);
    this.changed("colours");
  }

  toggleClass(label) {
    if (!this.hidden.delete(label)) this.hidden.add(label);
    this.changed("colours");
  }

  setSize(size) {
    this.size = clamp(size, Number(byId("size").min), Number(byId("size").max));
    this.changed();
  }

  // A share of the cloud's height; 1 cuts nothing.
  setCeiling(share) {
    this.ceiling = share;
    this.changed("walls");
  }

  setWalls(open) {
    this.walls = open;
    this.changed("walls");
  }

  setShading(on) {
    this.shading = on;
    this.changed();
  }

  turn(right, up) {
    this.camera.turn(right, up);
    this.untouched = false;
    this.changed("walls");
  }

  move(right, up) {
    this.camera.move(right, up);
    this.untouched = false;
    this.changed();
  }

  approach(factor) {
    this.camera.approach(factor);
    this.untouched = false;
    this.changed();
  }

  reset() {
    this.camera = new Camera(this.scene.towards, this.cloud.radius);
    this.untouched = true; // until someone turns, the picture is fitted again when its shape changes
    this.stale.fit = true;
    this.changed("walls");
  }

  centre(x, y) {
    const found = this.pick(x, y);
    if (found === null) return;
    this.camera.target = [...this.cloud.position.subarray(3 * found, 3 * found + 3)];
    this.untouched = false;
    this.changed();
  }

  hover(x, y) {
    if (this.selected !== null) return;
    this.tell(x === null ? null : this.pick(x, y));
  }

  select(x, y) {
    this.selected = this.pick(x, y);
    this.tell(this.selected);
    this.changed();
  }

  deselect() {
    this.selected = null;
    this.tell(null);
    this.changed();
  }

  tell(point) {
    byId("point").hidden = point === null;
    if (point !== null) describePoint(this.scene, this.cloud, point);
  }

  changed(what) {
    if (what) this.stale[what] = true;
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => this.draw());
  }

  // Height above which nothing is drawn, in the cloud's own frame.
  cut() {
    const half = this.cloud.half[2];
    return this.ceiling >= 1 ? Infinity : (2 * this.ceiling - 1) * half + 1e-6;
  }

  isShown(i, view = 0) {
    const { rgba } = this.views[view];
    return this.cloud.position[3 * i + 2] <= this.cut() && !(this.walls && this.isWall[i]) && rgba[4 * i + 3] > 0;
  }

  // Device pixels that a point one metre away takes.
  pixels() {
    return (this.size * this.scene.spacing * this.matrices.height * this.ratio) / (2 * TANGENT);
  }

  isBeside() {
    return this.canvas.clientWidth >= this.canvas.clientHeight;
  }

  // Left, top, width and height of every view on the canvas, CSS pixels.
  rectangles() {
    const { clientWidth: width, clientHeight: height } = this.canvas, parts = this.views.length;
    return this.views.map((_, k) =>
      this.isBeside() ? [(k * width) / parts, 0, width / parts, height] : [0, (k * height) / parts, width, height / parts],
    );
  }

  draw() {
    this.waiting = false;
    const { canvas, cloud, camera, drawing, stale } = this;
    const ratio = Math.min(window.devicePixelRatio || 1, 2);
    drawing.resize(Math.max(1, Math.round(canvas.clientWidth * ratio)), Math.max(1, Math.round(canvas.clientHeight * ratio)));
    this.ratio = ratio;
    if (stale.colours) {
      this.views.forEach((view, k) => {
        view.rgba = paint(cloud, this.scene, view.mode, this.hidden);
        drawing.update(COLOURS[k], view.rgba);
      });
    }
    if (stale.walls) {
      if (this.walls) nearWalls(cloud, camera.azimuth, this.scene.floor - cloud.origin[2], this.cut(), this.isWall);
      else this.isWall.fill(0);
      drawing.update("wall", this.isWall);
    }
    const [[, , width, height]] = this.rectangles();
    if (stale.fit) {
      const share = [0.96, Math.max(0.6, 1 - BESIDE_PIXELS / height)];
      camera.fit(cloud.position, (i) => this.isShown(i), width / height, share);
    }
    this.stale = {};
    this.matrices = { ...camera.matrices(width / height), width, height };
    const rectangles = this.rectangles().map(([left, top, wide, high]) => {
      const [x, right, y, up] = [left, left + wide, canvas.clientHeight - top - high, canvas.clientHeight - top].map((value) => Math.round(value * ratio));
      return [x, y, right - x, up - y];
    });
    drawing.draw(this.matrices, { ceiling: this.cut(), pixels: this.pixels(), ratio, shading: this.shading, rectangles });
    this.placeRings();
    showState(this, this.scene);
    this.frames += 1;
  }

  // Where point i stands in a view: into `place` x, y in CSS pixels and its distance along the view.
  project(i, place) {
    const m = this.matrices.clip, { position } = this.cloud;
    const x = position[3 * i], y = position[3 * i + 1], z = position[3 * i + 2];
    const w = m[3] * x + m[7] * y + m[11] * z + m[15];
    place[0] = (((m[0] * x + m[4] * y + m[8] * z + m[12]) / w + 1) / 2) * this.matrices.width;
    place[1] = ((1 - (m[1] * x + m[5] * y + m[9] * z + m[13]) / w) / 2) * this.matrices.height;
    place[2] = w;
    return place;
  }

  // The foremost point that is drawn at (x, y) of the canvas, or null.
  pick(x, y) {
    if (!this.matrices) return null;
    const inside = ([left, top]) => x >= left && y >= top;
    const rectangles = this.rectangles(), view = rectangles.findLastIndex(inside);
    if (view < 0) return null;
    x -= rectangles[view][0];
    y -= rectangles[view][1];
    const pixels = this.pixels() / this.ratio, place = [0, 0, 0];
    let best = null, foremost = Infinity;
    for (let i = 0; i < this.cloud.count; i++) {
      const w = this.project(i, place)[2];
      if (w <= this.matrices.near || w >= foremost) continue;
      const reach = Math.max(pixels / w / 2, 2.5), right = place[0] - x, down = place[1] - y;
      if (right * right + down * down > reach * reach || !this.isShown(i, view)) continue;
      best = i;
      foremost = w;
    }
    return best;
  }

  // Round the selected point in every view.
  placeRings() {
    const rectangles = this.rectangles();
    document.querySelectorAll(".ring").forEach((ring, view) => {
      ring.hidden = this.selected === null || view >= rectangles.length;
      if (ring.hidden) return;
      const [x, y, w] = this.project(this.selected, [0, 0, 0]), [left, top, width, height] = rectangles[view];
      ring.hidden = w <= 0 || x < 0 || y < 0 || x > width || y > height;
      ring.style.left = `${left + x}px`;
      ring.style.top = `${top + y}px`;
    });
  }
}

function connect(viewer, scene, left) {
  const canvas = viewer.canvas;
  canvas.setAttribute("aria-label", `Points of ${scene.name}; arrow keys turn them, plus and minus come nearer`);
  byId("ceiling").addEventListener("input", (event) => viewer.setCeiling(Number(event.target.value) / 1000));
  byId("size").addEventListener("input", () => viewer.setSize(Number(byId("size").value)));
  byId("walls").addEventListener("click", () => viewer.setWalls(!viewer.walls));
  byId("shading").addEventListener("click", () => viewer.setShading(!viewer.shading));
  byId("reset").addEventListener("click", () => viewer.reset());
  byId("compare").addEventListener("click", () => viewer.setCompared(viewer.views.length === 1));
  byId("link").addEventListener("click", () => linkToView(viewer));
  byId("save").addEventListener("click", () => savePicture(viewer));
  addEventListener("hashchange", () => takeView(viewer, location.hash.slice(1)), { signal: left });
  byId("show-all").addEventListener("click", () => viewer.setHidden([]));
  byId("hide-all").addEventListener("click", () => viewer.setHidden([...scene.classes.keys(), NO_CLASS]));
  listenToPointers(canvas, viewer);
  listenToKeys(canvas, viewer, left);
  new ResizeObserver(() => viewer.changed(viewer.untouched ? "fit" : undefined)).observe(canvas);
  matchMedia("(resolution: 1dppx)").addEventListener("change", () => viewer.changed(), { signal: left });
  const lost = () => refuse("The graphics driver was reset. Please load the page again.");
  canvas.addEventListener("webglcontextlost", lost, { signal: left });
}

function refuse(sentence) {
  byId("canvas").hidden = true;
  overlays().forEach((over) => (over.hidden = true));
  byId("message").textContent = sentence;
  byId("message").hidden = false;
}

// Draws a scene and connects all that stands around it. `left`: an AbortSignal that ends what listens to the whole page.
function show(scene, cloud, left) {
  let viewer;
  try {
    viewer = new Viewer(scene, cloud, byId("canvas"));
  } catch (error) {
    const stub = { toggleClass() {} };
    fillClasses(scene, cloud, stub);
    return refuse(
      `The points cannot be drawn: they need WebGL2, which this browser lacks or has switched off (${error.message}). The numbers beside them are right all the same.`,
    );
  }
  makeModeButtons(viewer);
  fillClasses(scene, cloud, viewer);
  connect(viewer, scene, left);
  takeView(viewer, location.hash.slice(1));
  window.viewer = viewer; // for whoever wants to look into it from the console
}
