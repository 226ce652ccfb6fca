/*
 * Prints a label for each point of a small cloud: predict model.safetensors < cloud.txt
 * A line is a point: x y z, then r g b (0 to 255) if the model needs colours, then its measured values if it needs any.
 */
#include <bscnet.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAX_POINTS = 100000, MAX_VALUES = 16 };

static double xyz[MAX_POINTS * 3];
static uint8_t rgb[MAX_POINTS * 3];
static float values[MAX_POINTS * MAX_VALUES];
static int32_t labels[MAX_POINTS];

int main(int argc, char** argv) {
  bscnet_model* model;
  char line[4096], *at, *end;
  int points, colors, measured, status, i;
  double number;
  if (argc != 2) return fprintf(stderr, "usage: predict model.safetensors < cloud.txt\n"), 2;
  if (bscnet_load(argv[1], &model) != BSCNET_OK) return fprintf(stderr, "error: %s\n", bscnet_last_error()), 1;
  colors = bscnet_needs_colors(model) ? 3 : 0;
  measured = bscnet_num_values(model);
  if (measured > MAX_VALUES) return fprintf(stderr, "error: the model needs %d values\n", measured), 1;
  for (points = 0; points < MAX_POINTS && fgets(line, sizeof line, stdin) != NULL; ++points) {
    for (at = line, i = 0; i < 3 + colors + measured; ++i, at = end) {
      number = strtod(at, &end);
      if (end == at || (i >= 3 && i < 3 + colors && !(number >= 0 && number <= 255))) {
        return fprintf(stderr, "error: line %d has no number %d as it must be\n", points + 1, i + 1), 1;
      }
      if (i < 3) xyz[3 * points + i] = number;
      if (i >= 3 && i < 3 + colors) rgb[3 * points + i - 3] = (uint8_t)number;
      if (i >= 3 + colors) values[measured * points + i - 3 - colors] = (float)number;
    }
  }
  if (!feof(stdin)) return fprintf(stderr, "error: the cloud has more than %d points\n", MAX_POINTS - 1), 1;
  status = bscnet_label(model, points, xyz, rgb, values, 0, labels, NULL); /* 0: one thread a processor */
  if (status != BSCNET_OK) fprintf(stderr, "error: %s\n", bscnet_last_error());
  for (i = 0; status == BSCNET_OK && i < points; ++i) printf("%d\n", (int)labels[i]);
  bscnet_free(model);
  return status;
}
