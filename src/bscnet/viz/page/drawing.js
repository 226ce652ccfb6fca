// WebGL2: points into a picture with depth, then the picture onto the page, darker where something nearer stands beside.

const POINTS_VERTEX = `#version 300 es
uniform mat4 clip;
uniform float ceiling, pixels;  // pixels: size of a point one metre away
uniform vec2 sizes;
in vec3 position;
in vec4 colour;
in float wall;
out vec3 shade;
out float size;
void main() {
  shade = colour.rgb;
  gl_Position = clip * vec4(position, 1.0);
  gl_PointSize = size = clamp(pixels / gl_Position.w, sizes.x, sizes.y);
  if (colour.a == 0.0 || wall > 0.5 || position.z > ceiling) gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
}`;

const POINTS_FRAGMENT = `#version 300 es
precision mediump float;
in vec3 shade;
in float size;
out vec4 result;
void main() {
  vec2 off = gl_PointCoord - 0.5;
  if (size > 3.0 && dot(off, off) > 0.25) discard;
  result = vec4(shade, 1.0);
}`;

const PICTURE_VERTEX = `#version 300 es
void main() {
  gl_Position = vec4(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0, 0.0, 1.0);
}`;

// Eye-dome lighting (Boucheny and Ribes, 2009): no normals are needed, depth alone brings out edges.
const PICTURE_FRAGMENT = `#version 300 es
precision highp float;
uniform sampler2D picture;
uniform highp sampler2D depths;
uniform vec2 range;
uniform float strength;
uniform int reach;
out vec4 result;
float logDepth(float stored) {
  return log2(range.x * range.y / (range.y - stored * (range.y - range.x)));
}
void main() {
  ivec2 here = ivec2(gl_FragCoord.xy), last = textureSize(depths, 0) - 1;
  float stored = texelFetch(depths, here, 0).r;
  if (stored == 1.0) { result = vec4(0.0); return; }
  float own = logDepth(stored), nearer = 0.0;
  if (strength > 0.0)
    for (int k = 0; k < 9; k++) {
      ivec2 beside = clamp(here + reach * ivec2(k % 3 - 1, k / 3 - 1), ivec2(0), last);
      nearer += clamp(own - logDepth(texelFetch(depths, beside, 0).r), 0.0, 0.05);
    }
  result = vec4(texelFetch(picture, here, 0).rgb * exp(-strength * nearer), 1.0);
}`;

const ATTRIBUTES = ["position", "colour", "wall"];
const COLOURS = ["colour", "colour beside"]; // buffers of the two views

class Drawing {
  // Throws where the graphics driver refuses.
  constructor(canvas, cloud) {
    const gl = canvas.getContext("webgl2", { antialias: false, depth: false });
    if (!gl) throw new Error("no WebGL2");
    this.gl = gl;
    this.count = cloud.count;
    this.points = linkedProgram(gl, POINTS_VERTEX, POINTS_FRAGMENT);
    this.picture = linkedProgram(gl, PICTURE_VERTEX, PICTURE_FRAGMENT);
    this.largest = gl.getParameter(gl.ALIASED_POINT_SIZE_RANGE)[1];
    this.buffers = {};
    this.attributes = gl.createVertexArray();
    gl.bindVertexArray(this.attributes);
    this.attribute("position", cloud.position, 3, gl.FLOAT, false);
    for (const buffer of COLOURS) this.attribute("colour", new Uint8Array(4 * cloud.count), 4, gl.UNSIGNED_BYTE, true, buffer);
    this.attribute("wall", new Uint8Array(cloud.count), 1, gl.UNSIGNED_BYTE, false);
    gl.bindVertexArray(null);
    this.target = gl.createFramebuffer();
    this.textures = [];
  }

  attribute(name, data, size, type, normalized, buffer = name) {
    const gl = this.gl, place = ATTRIBUTES.indexOf(name);
    this.buffers[buffer] = gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers[buffer]);
    gl.bufferData(gl.ARRAY_BUFFER, data, gl.DYNAMIC_DRAW);
    gl.enableVertexAttribArray(place);
    gl.vertexAttribPointer(place, size, type, normalized, 0, 0);
  }

  // New values of `wall` (1: not drawn) or of one of COLOURS (RGBA bytes, alpha 0: not drawn).
  update(buffer, data) {
    this.gl.bindBuffer(this.gl.ARRAY_BUFFER, this.buffers[buffer]);
    this.gl.bufferSubData(this.gl.ARRAY_BUFFER, 0, data);
  }

  resize(width, height) {
    const gl = this.gl, { canvas } = gl;
    if (this.textures.length && canvas.width === width && canvas.height === height) return;
    canvas.width = width;
    canvas.height = height;
    this.textures.forEach((texture) => gl.deleteTexture(texture));
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.target);
    const kinds = [[gl.RGBA8, gl.COLOR_ATTACHMENT0], [gl.DEPTH_COMPONENT24, gl.DEPTH_ATTACHMENT]];
    this.textures = kinds.map(([format, attachment]) => {
      const texture = gl.createTexture();
      gl.bindTexture(gl.TEXTURE_2D, texture);
      gl.texStorage2D(gl.TEXTURE_2D, 1, format, width, height);
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
      gl.framebufferTexture2D(gl.FRAMEBUFFER, attachment, gl.TEXTURE_2D, texture, 0);
      return texture;
    });
  }

  // ceiling: metres in the cloud's frame. pixels: size of a point one metre away. ratio: device pixels in a CSS pixel.
  // rectangles: left, bottom, width and height of each view, device pixels; the views differ in nothing but colours.
  draw({ clip, near, far }, { ceiling, pixels, ratio, shading, rectangles }) {
    const gl = this.gl, { width, height } = gl.canvas;
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.target);
    gl.enable(gl.DEPTH_TEST);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    const points = this.points;
    gl.useProgram(points.program);
    gl.uniformMatrix4fv(points.at("clip"), false, clip);
    gl.uniform1f(points.at("ceiling"), ceiling);
    gl.uniform1f(points.at("pixels"), pixels);
    gl.uniform2f(points.at("sizes"), 1.5 * ratio, Math.min(48 * ratio, this.largest));
    gl.bindVertexArray(this.attributes);
    gl.enable(gl.SCISSOR_TEST); // a disc ends where its view does
    rectangles.forEach((rectangle, view) => {
      gl.viewport(...rectangle);
      gl.scissor(...rectangle);
      gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers[COLOURS[view]]);
      gl.vertexAttribPointer(ATTRIBUTES.indexOf("colour"), 4, gl.UNSIGNED_BYTE, true, 0, 0);
      gl.drawArrays(gl.POINTS, 0, this.count);
    });
    gl.disable(gl.SCISSOR_TEST);
    gl.bindVertexArray(null);

    gl.viewport(0, 0, width, height);
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.disable(gl.DEPTH_TEST);
    const picture = this.picture;
    gl.useProgram(picture.program);
    ["picture", "depths"].forEach((name, unit) => {
      gl.activeTexture(gl.TEXTURE0 + unit);
      gl.bindTexture(gl.TEXTURE_2D, this.textures[unit]);
      gl.uniform1i(picture.at(name), unit);
    });
    gl.uniform2f(picture.at("range"), near, far);
    gl.uniform1f(picture.at("strength"), shading ? 5 : 0);
    gl.uniform1i(picture.at("reach"), Math.max(1, Math.round(1.4 * ratio)));
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }
}

function linkedProgram(gl, vertex, fragment) {
  const program = gl.createProgram();
  for (const [kind, source] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  ATTRIBUTES.forEach((name, place) => gl.bindAttribLocation(program, place, name));
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program));
  const places = new Map();
  const at = (name) => {
    if (!places.has(name)) places.set(name, gl.getUniformLocation(program, name));
    return places.get(name);
  };
  return { program, at };
}
