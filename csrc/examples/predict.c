/*
 * Prints a class for each voxel of a small cloud: predict model.safetensors < cloud.txt
 * The cloud has a line "x y z f1 f2 ..." a voxel: its coordinates (integers) and as many features as the model takes.
 */
#include <bscnet.h>
#include <stdio.h>

enum { MAX_SITES = 10000, MAX_FEATURES = 64, MAX_CLASSES = 64 };

static int32_t coords[MAX_SITES * 4];
static float feats[MAX_SITES * MAX_FEATURES], logits[MAX_SITES * MAX_CLASSES];

int main(int argc, char** argv) {
  bscnet_model* model;
  int sites = 0, status, channels, classes, c, u;
  if (argc != 2) return fprintf(stderr, "usage: predict model.safetensors < cloud.txt\n"), 2;
  if (bscnet_load(argv[1], &model) != BSCNET_OK) return fprintf(stderr, "error: %s\n", bscnet_last_error()), 1;
  channels = bscnet_in_channels(model);
  classes = bscnet_num_classes(model);
  if (channels > MAX_FEATURES || classes > MAX_CLASSES) return fprintf(stderr, "error: the model is too wide\n"), 1;
  for (; sites < MAX_SITES; ++sites) {
    int32_t* site = coords + 4 * sites;
    site[0] = 0; /* the batch: one cloud */
    if (scanf("%d %d %d", &site[1], &site[2], &site[3]) != 3) break;
    for (c = 0; c < channels; ++c) {
      if (scanf("%f", &feats[sites * channels + c]) != 1) return fprintf(stderr, "error: a feature is missing\n"), 1;
    }
  }
  if (!feof(stdin)) return fprintf(stderr, "error: line %d is bad, or too many\n", sites + 1), 1;
  status = bscnet_run(model, sites, coords, feats, 0, logits); /* 0: as many threads as processors */
  if (status != BSCNET_OK) fprintf(stderr, "error: %s\n", bscnet_last_error());
  for (u = 0; status == BSCNET_OK && u < sites; ++u) {
    const float* row = logits + u * classes;
    int best = 0;
    for (c = 1; c < classes; ++c) {
      if (row[c] > row[best]) best = c;
    }
    printf("%d\n", best);
  }
  bscnet_free(model);
  return status;
}
