// Vectors are arrays of three numbers; matrices are sixteen, column after column, as WebGL wants them.

const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const sum = (a, b, factor = 1) => [a[0] + factor * b[0], a[1] + factor * b[1], a[2] + factor * b[2]];
const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

// World to clip space of a camera at `eye` with unit axes right, up and forward.
function viewMatrix({ eye, right, up, forward }) {
  const back = [-forward[0], -forward[1], -forward[2]];
  const axes = [right, up, back];
  const matrix = new Float32Array(16);
  for (let row = 0; row < 3; row++) {
    for (let column = 0; column < 3; column++) matrix[4 * column + row] = axes[row][column];
    matrix[12 + row] = -dot(axes[row], eye);
  }
  matrix[15] = 1;
  return matrix;
}

// `tangent`: of half the vertical opening angle.
function projectionMatrix(tangent, aspect, near, far) {
  const matrix = new Float32Array(16);
  matrix[0] = 1 / (tangent * aspect);
  matrix[5] = 1 / tangent;
  matrix[10] = (near + far) / (near - far);
  matrix[11] = -1;
  matrix[14] = (2 * near * far) / (near - far);
  return matrix;
}

function product(a, b) {
  const matrix = new Float32Array(16);
  for (let column = 0; column < 4; column++)
    for (let row = 0; row < 4; row++)
      for (let k = 0; k < 4; k++) matrix[4 * column + row] += a[4 * k + row] * b[4 * column + k];
  return matrix;
}
