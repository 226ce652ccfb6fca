// A camera that turns about a point and stays upright: two angles, a distance, and the point.

const TANGENT = Math.tan((32 / 2) * (Math.PI / 180));
const STEEPEST = 89.5 * (Math.PI / 180);

class Camera {
  // `towards`: unit vector from the scene to the camera. `radius`: of the scene, metres.
  constructor(towards, radius) {
    this.radius = Math.max(radius, 1e-3);
    this.azimuth = Math.atan2(towards[1], towards[0]);
    this.elevation = Math.asin(clamp(towards[2], -1, 1));
    this.distance = 4 * this.radius;
    this.target = [0, 0, 0];
  }

  axes() {
    const { azimuth, elevation, distance, target } = this;
    const flat = Math.cos(elevation);
    const forward = [-flat * Math.cos(azimuth), -flat * Math.sin(azimuth), -Math.sin(elevation)];
    const right = [-Math.sin(azimuth), Math.cos(azimuth), 0];
    const up = [
      right[1] * forward[2] - right[2] * forward[1],
      right[2] * forward[0] - right[0] * forward[2],
      right[0] * forward[1] - right[1] * forward[0],
    ];
    return { forward, right, up, eye: sum(target, forward, -distance) };
  }

  // near and far enclose the scene; near is what depth's precision hangs on.
  matrices(aspect) {
    const axes = this.axes();
    const middle = dot(axes.forward, axes.eye) * -1;
    const near = Math.max(middle - 1.05 * this.radius, 0.01 * Math.min(this.distance, this.radius));
    const far = Math.max(middle + 1.05 * this.radius, 2 * near);
    return { near, far, clip: product(projectionMatrix(TANGENT, aspect, near, far), viewMatrix(axes)) };
  }

  turn(right, up) {
    this.azimuth += right;
    this.elevation = clamp(this.elevation + up, -STEEPEST, STEEPEST);
  }

  // Shares of the picture's height.
  move(right, up) {
    const axes = this.axes();
    const metres = 2 * TANGENT * this.distance;
    this.target = sum(sum(this.target, axes.right, right * metres), axes.up, up * metres);
  }

  approach(factor) {
    this.distance = clamp(this.distance * factor, 0.02 * this.radius, 20 * this.radius);
  }

  // Go back or near until all points that are in just fit; on each axis the two binding points fix middle and distance.
  // `share`: of the picture's width and height that they may take.
  fit(position, isIn, aspect, share) {
    const { right, up, forward } = this.axes();
    const tangents = [share[0] * TANGENT * aspect, share[1] * TANGENT];
    const high = [-Infinity, -Infinity], low = [Infinity, Infinity];
    let depth = 0, count = 0, nearest = Infinity;
    for (let i = 0; i < position.length / 3; i++) {
      if (!isIn(i)) continue;
      const p = [position[3 * i], position[3 * i + 1], position[3 * i + 2]];
      const away = dot(p, forward);
      [right, up].forEach((axis, k) => {
        const across = dot(p, axis);
        high[k] = Math.max(high[k], across - tangents[k] * away);
        low[k] = Math.min(low[k], across + tangents[k] * away);
      });
      depth += away;
      count += 1;
      nearest = Math.min(nearest, away);
    }
    if (count === 0) return;
    depth /= count;
    const back = Math.max(...[0, 1].map((k) => (high[k] - low[k]) / (2 * tangents[k])));
    const eye = Math.min(-back, nearest - 0.05 * this.radius);
    this.target = sum(sum([0, 0, 0], right, (high[0] + low[0]) / 2), up, (high[1] + low[1]) / 2);
    this.target = sum(this.target, forward, depth);
    this.distance = depth - eye;
  }
}
