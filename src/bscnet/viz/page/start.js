// Shows the scene that the page itself holds.

async function start() {
  const scene = JSON.parse(byId("scene").textContent);
  fillFacts(scene);
  if (typeof DecompressionStream === "undefined")
    return refuse("This browser is too old to unpack the points: it has no DecompressionStream. A version of 2023 or later has.");
  show(scene, await readCloud(scene.layout, byId("points").textContent));
}

start().catch((error) => {
  refuse(`The page is damaged: ${error.message}`);
  throw error;
});
