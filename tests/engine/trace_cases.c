/*
 * Runs models on clouds and writes everything that the engine computes: trace_cases FOLDER COUNT ENDING
 * Case N is N.safetensors with N.cloud: the number of sites (int64), coords (int32) and feats (float32). Its results go
 * to N.ENDING: the logits, then for each value shown six int32 (instruction, what, value, level, rows, channels), its
 * coords and its data. Prints the name of the kernels.
 */
#include <bscnet.h>
#include <stdio.h>
#include <stdlib.h>

static void put(const void* data, size_t size, size_t count, FILE* file) {
  if (fwrite(data, size, count, file) != count) perror("writing"), exit(1);
}

static void get(void* data, size_t size, size_t count, FILE* file) {
  if (fread(data, size, count, file) != count) fprintf(stderr, "a cloud ends too early\n"), exit(1);
}

static void* allocate(size_t count) {
  void* memory = malloc(4 * count + 1);
  if (memory == NULL) perror("allocating"), exit(1);
  return memory;
}

static void check(int status) {
  if (status != BSCNET_OK) fprintf(stderr, "%s\n", bscnet_last_error()), exit(1);
}

static void visit(void* user, int32_t instruction, int32_t what, int32_t value, int32_t level, int64_t rows,
                  int32_t channels, const int32_t* coords, const float* data) {
  const int32_t head[6] = {instruction, what, value, level, (int32_t)rows, channels};
  put(head, 4, 6, user);
  put(coords, 4, (size_t)rows * 4, user);
  put(data, 4, (size_t)(rows * channels), user);
}

static FILE* open_case(const char* folder, int number, const char* ending, const char* mode) {
  char path[4096];
  FILE* file;
  snprintf(path, sizeof path, "%s/%d.%s", folder, number, ending);
  file = fopen(path, mode);
  if (file == NULL) perror(path), exit(1);
  return file;
}

static void run(const char* folder, int number, const char* ending) {
  const int threads = 1 + number % 3;
  char path[4096];
  bscnet_model* model;
  FILE* file = open_case(folder, number, "cloud", "rb");
  int64_t sites;
  int32_t* coords;
  float *feats, *logits;
  size_t channels, classes;
  snprintf(path, sizeof path, "%s/%d.safetensors", folder, number);
  check(bscnet_load(path, &model));
  channels = (size_t)bscnet_in_channels(model);
  classes = (size_t)bscnet_num_classes(model);
  get(&sites, sizeof sites, 1, file);
  coords = allocate((size_t)sites * 4);
  feats = allocate((size_t)sites * channels);
  logits = allocate((size_t)sites * classes);
  get(coords, 4, (size_t)sites * 4, file);
  get(feats, 4, (size_t)sites * channels, file);
  fclose(file);
  file = open_case(folder, number, ending, "wb");
  check(bscnet_run(model, sites, coords, feats, threads, logits));
  put(logits, 4, (size_t)sites * classes, file);
  check(bscnet_trace(model, sites, coords, feats, threads, visit, file));
  if (fclose(file) != 0) perror("writing"), exit(1);
  free(logits);
  free(feats);
  free(coords);
  bscnet_free(model);
}

int main(int argc, char** argv) {
  int number;
  if (argc != 4) return fprintf(stderr, "usage: trace_cases FOLDER COUNT ENDING\n"), 2;
  for (number = 0; number < atoi(argv[2]); ++number) run(argv[1], number, argv[3]);
  puts(bscnet_implementation());
  return 0;
}
