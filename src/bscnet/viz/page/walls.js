// Which points stand between the camera and the room: `open_room` of bscnet.viz.camera, anew for every direction.

const COLUMN_M = 0.1;
const WALL_M = 0.3;
const KEPT_M = 0.5;

// One byte a point, 1 for the near wall: in each vertical column across the view the points within WALL_M of the one
// nearest to the camera, but for the lowest KEPT_M above `floor`. Points above `ceiling` are not looked at.
function nearWalls({ position, count, radius }, azimuth, floor, ceiling, isWall) {
  const x = Math.cos(azimuth), y = Math.sin(azimuth);
  const nearest = new Float32Array(Math.ceil((2 * radius) / COLUMN_M) + 2).fill(-Infinity);
  const column = (i) => Math.floor((radius + x * position[3 * i + 1] - y * position[3 * i]) / COLUMN_M);
  const depth = (i) => x * position[3 * i] + y * position[3 * i + 1];
  for (let i = 0; i < count; i++) {
    if (position[3 * i + 2] > ceiling) continue;
    const c = column(i);
    if (depth(i) > nearest[c]) nearest[c] = depth(i);
  }
  for (let i = 0; i < count; i++)
    isWall[i] = position[3 * i + 2] > floor + KEPT_M && depth(i) > nearest[column(i)] - WALL_M ? 1 : 0;
}
