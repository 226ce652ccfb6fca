/*
 * bscnet: runs exported BSC-Net models (binary sparse convolutional networks for 3D scenes) with bit operations on the
 * CPU.
 *
 * Plain C99, no dependency; the library itself is C++17. A program loads a model once and runs it on as many clouds and
 * from as many threads as it likes:
 *
 *   bscnet_model* model;
 *   if (bscnet_load("model.safetensors", &model) != BSCNET_OK) { puts(bscnet_last_error()); return 1; }
 *   int status = bscnet_label(model, points, xyz, rgb, NULL, 0, labels, NULL);
 *   bscnet_free(model);
 *
 * Every function that can fail returns a status; bscnet_last_error() then holds one sentence that says what was wrong
 * and what is allowed. No input makes the library abort.
 */
#ifndef BSCNET_H
#define BSCNET_H

#include <stddef.h>
#include <stdint.h>

#ifndef BSCNET_API
#if defined(_WIN32) && defined(BSCNET_BUILD)
#define BSCNET_API __declspec(dllexport)
#elif defined(__GNUC__)
#define BSCNET_API __attribute__((visibility("default")))
#else
#define BSCNET_API
#endif
#endif

#define BSCNET_VERSION "0.1.0"

#ifdef __cplusplus
extern "C" {
#endif

/* Statuses. */
enum {
  BSCNET_OK = 0,
  BSCNET_BAD_FILE = 1,  /* the model file is missing, damaged, or not a model of this format */
  BSCNET_BAD_INPUT = 2, /* points, coordinates, features or a count that a model cannot run on */
  BSCNET_NO_MEMORY = 3, /* the machine has not enough memory for this cloud or model */
  BSCNET_BAD_CALL = 4   /* a null pointer, a bad number of threads, kernels forced that cannot run here */
};

/* A loaded model. What it computes never changes; any number of threads may run it at the same time. */
typedef struct bscnet_model bscnet_model;

/* Where the time of one run went, in seconds, and the most memory the engine held at once, in bytes. */
typedef struct bscnet_times {
  double kernel_maps;
  double bit_convolutions;
  double real_parts;
  double rest;
  int64_t workspace_bytes;
} bscnet_times;

/* What bscnet_trace shows. */
enum {
  BSCNET_TRACE_REAL = 0, /* a real value */
  BSCNET_TRACE_BITS = 1, /* packed signs, shown as -1 and +1 */
  BSCNET_TRACE_SUMS = 2  /* the integer sums of a bit convolution, before its scale */
};

/*
 * Called by bscnet_trace once for each thing computed. `instruction` and `value` are places in the lists of the model's
 * description. Rows are in the engine's own order: `coords` (rows x 4: batch, x, y, z, in voxels of `level`) says whose
 * they are. `data` is rows x channels. Both arrays are gone after the call.
 */
typedef void (*bscnet_visit)(void* user, int32_t instruction, int32_t what, int32_t value, int32_t level, int64_t rows,
                             int32_t channels, const int32_t* coords, const float* data);

/* Reads a model file. On success *model has to be given to bscnet_free; on failure it is NULL. */
BSCNET_API int bscnet_load(const char* path, bscnet_model** model);

/* The same from the bytes of a file; they are not needed after the call. */
BSCNET_API int bscnet_load_memory(const void* bytes, size_t size, bscnet_model** model);

/* Frees a model that no thread runs any more. NULL is allowed. */
BSCNET_API void bscnet_free(bscnet_model* model);

/*
 * A model keeps the working memory of its last run for the next one, up to 512 MB unless this sets another limit, in
 * bytes; 0 keeps none. What it holds beyond the limit goes back to the system at once. A fresh stretch of memory costs
 * the next run of a large scene about a third of its time, a kept one stays in the process.
 */
BSCNET_API int bscnet_keep_memory(bscnet_model* model, int64_t bytes);

/*
 * Gives each point of a cloud its label: puts the points into voxels, makes the features that the model was trained on,
 * runs the network on the whole cloud at once, and takes the best class of each point's voxel.
 *
 *   points      number of points, 0..2147483647; with 0 there is nothing to do, and the arrays may be NULL
 *   xyz         points x 3, z up, in the unit of the model's clouds: the description's "reading" names it, metres where
 *               it names none
 *   rgb         points x 3, red, green, blue; may be NULL unless bscnet_needs_colors(model)
 *   values      points x bscnet_num_values(model) as measured, in the order of bscnet_value_name; may be NULL where the
 *               model takes none
 *   threads     1..1024, or 0 for one a processor
 *   labels      points; the numbers that the model's classes have in its data set's own files (the description's
 *               "labels"), class indices where the model does not say them
 *   confidence  points, the softmax of the best class, 0 to 1; may be NULL
 *
 * A point with a coordinate that is NaN or infinite is refused, or, where the model's reading says "drop", left out:
 * its confidence is 0 and its label 0, or -1 where 0 is a class's. A cloud may be 65528 voxels wide. One that does not
 * fit into the memory is refused with BSCNET_NO_MEMORY. A model whose features no points give (the description's
 * "given") has to be run by bscnet_run. The result depends neither on the number of threads nor on the order of the
 * points; where the call fails, the arrays hold anything.
 */
BSCNET_API int bscnet_label(const bscnet_model* model, int64_t points, const double* xyz, const uint8_t* rgb,
                            const float* values, int32_t threads, int32_t* labels, float* confidence);

/* Whether bscnet_label needs colours (1) or not (0). */
BSCNET_API int32_t bscnet_needs_colors(const bscnet_model* model);

/* How many measured values of a point (intensity, for instance) bscnet_label needs, and the name of each, which lives
 * as long as the model; NULL for a number that is none. */
BSCNET_API int32_t bscnet_num_values(const bscnet_model* model);
BSCNET_API const char* bscnet_value_name(const bscnet_model* model, int32_t value);

/*
 * Runs the network on a set of sites (occupied voxels), for whoever makes their features.
 *
 *   sites    number of sites; with 0 there is nothing to do, and the arrays may be NULL
 *   coords   sites x 4: batch (0..32767), x, y, z (-32766..32765), in voxels; no site twice, in any order
 *   feats    sites x bscnet_in_channels(model), finite
 *   threads  1..1024, or 0 for one a processor
 *   logits   sites x bscnet_num_classes(model), written in the row order of coords
 *
 * The result depends neither on the number of threads nor on the order of the sites.
 */
BSCNET_API int bscnet_run(const bscnet_model* model, int64_t sites, const int32_t* coords, const float* feats,
                          int32_t threads, float* logits);

/* bscnet_run that also says where the time went. `times` may be NULL. */
BSCNET_API int bscnet_run_timed(const bscnet_model* model, int64_t sites, const int32_t* coords, const float* feats,
                                int32_t threads, float* logits, bscnet_times* times);

/* Runs the network and shows every value it computes to `visit`, in the order of the instructions. */
BSCNET_API int bscnet_trace(const bscnet_model* model, int64_t sites, const int32_t* coords, const float* feats,
                            int32_t threads, bscnet_visit visit, void* user);

/* The JSON text in the model file that describes it: class names, voxel size, features, … It lives as long as the
 * model. */
BSCNET_API const char* bscnet_description(const bscnet_model* model);

/* Features a site, and logits a site. 0 for NULL. */
BSCNET_API int32_t bscnet_in_channels(const bscnet_model* model);
BSCNET_API int32_t bscnet_num_classes(const bscnet_model* model);

/* What the last failed call of this thread found wrong; "" before the first. Valid until the thread's next failure. */
BSCNET_API const char* bscnet_last_error(void);

/*
 * The kernels in use: "avx512", "avx2", "neon", "simd128" (of WebAssembly) or "scalar", chosen at the first use. The
 * environment variable BSCNET_IMPLEMENTATION forces one; where it names one that is unknown or cannot run here, this is
 * NULL and bscnet_last_error() says why, and loading fails with BSCNET_BAD_CALL.
 */
BSCNET_API const char* bscnet_implementation(void);

/* The kernels this CPU can run, comma separated, best first. */
BSCNET_API const char* bscnet_implementations(void);

/* The library's version, which is BSCNET_VERSION of the header it was built with. */
BSCNET_API const char* bscnet_version(void);

#ifdef __cplusplus
}
#endif

#endif /* BSCNET_H */
