/*
 * bscnet_training: sparse convolutions and what stands between them, forward and backward, for training on the CPU.
 *
 * Plain functions on arrays: all arrays are the caller's, rows are contiguous, floats are 32 bits wide. Every function
 * that can fail returns a status of bscnet.h, and bscnet_last_error() says why. No argument makes the library abort or
 * leave the arrays. `threads` is 1..1024, or 0 for one a processor; no result depends on it. Levels of CPUs are chosen
 * as in bscnet.h and give the same bits, but for the convolutions where bscnet_tiles() is not "off".
 */
#ifndef BSCNET_TRAINING_H
#define BSCNET_TRAINING_H

#include "bscnet.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The sites of one level of a batch, from which its kernel maps are made. It never changes. */
typedef struct bscnet_sites bscnet_sites;

/*
 * A kernel map whose size is known and that waits to be written into the caller's memory. There it is one array of
 * 32-bit words without pointers: it can be kept, saved and sent to another process. Whoever wrote the words, the
 * functions that read them check that they lead to rows that exist.
 */
typedef struct bscnet_map bscnet_map;

/* Kinds of maps. Cells of a cube are numbered with x fastest. */
enum {
  BSCNET_MAP_CUBE3 = 3,    /* neighbours in 3x3x3 voxels */
  BSCNET_MAP_CUBE5 = 5,    /* neighbours in 5x5x5 voxels */
  BSCNET_MAP_CHILDREN = 2, /* from rows of the coarser level to those of this one, by their place in 2x2x2 */
  BSCNET_MAP_PARENT = -2   /* from rows of this level to those of the coarser one, by their own place in 2x2x2 */
};

/* coords: sites x 4: batch, x, y, z, in the range of bscnet_run, no site twice, in any order; sites >= 1. */
BSCNET_API int bscnet_sites_create(int64_t sites, const int32_t* coords, bscnet_sites** made);
BSCNET_API void bscnet_sites_free(bscnet_sites* sites);

/* Sites of the next coarser level, the distinct floor(u / 2); 0 for NULL. */
BSCNET_API int64_t bscnet_sites_coarse(const bscnet_sites* sites);

/*
 * The way to the coarser level: its coords (coarse x 4), the coarse row of each site (sites), and the sites of each
 * coarse row: child[first_child[v]], …, child[first_child[v + 1] - 1], by their place in 2x2x2 (coarse + 1; sites).
 */
BSCNET_API int bscnet_sites_links(const bscnet_sites* sites, int32_t* coords, int32_t* parent, int32_t* first_child,
                                  int32_t* child);

/* Plans a map of a kind; *made is NULL on failure. */
BSCNET_API int bscnet_map_create(const bscnet_sites* sites, int32_t kind, int32_t threads, bscnet_map** made);
BSCNET_API void bscnet_map_free(bscnet_map* map);

/* Words that a map takes (0 for NULL), and the map written there. */
BSCNET_API int64_t bscnet_map_words(const bscnet_map* map);
BSCNET_API int bscnet_map_write(const bscnet_map* map, int32_t threads, int32_t* words);

/* Pairs of each of a map's cells into counts (cells). */
BSCNET_API int bscnet_map_counts(const int32_t* map, int64_t words, int32_t cells, int64_t* counts);

/*
 * A convolution: y[u] = sum over s of W_s^T x[v], where v is the row that the map's cell cells[s] leads to from u. With
 * groups, contiguous groups of output channels (the first ones larger by one where they do not divide) have cells of
 * their own. Without a map each row reads itself.
 */
typedef struct bscnet_convolution {
  const int32_t* map; /* NULL: rows read themselves; then out_rows is in_rows, slices and groups are 1 */
  int64_t map_words;
  int64_t out_rows;
  int64_t in_rows;
  int32_t slices; /* of the weight, slices x in_channels x out_channels */
  int32_t in_channels;
  int32_t out_channels;
  int32_t groups;
  const int32_t* cells; /* groups x slices */
} bscnet_convolution;

/*
 * The tiles of bfloat16 numbers by which convolutions run of which one operand is signs (+1 and -1) and the other is
 * not: "amx", "emulated" or "off", chosen at the first use. The real operand is split into three numbers of 8 bits
 * each, so that products are exact. Sums are float32 in an order of their own: they differ by rounding from those
 * without tiles, and are the same bits by both kinds of tiles. What is below 2^-126 in such a part or in a sum counts
 * as 0. Operands that are not finite go without tiles.
 *
 * The environment variable BSCNET_TILES forces one for all such convolutions. Where it is not set, AMX is taken if the
 * CPU has it and BSCNET_IMPLEMENTATION names no level, and only for widths at which it is predicted to be faster. Where
 * the variable names one that is unknown or cannot run here, this is NULL and bscnet_last_error() says why, and
 * convolutions fail with BSCNET_BAD_CALL.
 */
BSCNET_API const char* bscnet_tiles(void);

/* y (out_rows x out_channels) of x (in_rows x in_channels), which is given either as values or as signs: bits of words
 * (in_rows x ceil(in_channels / 32)), bit c % 32 of word c / 32 set where channel c is +1 and those behind the last
 * channel 0, the other pointer NULL. Signs are added up by other means than values, so that sums of signs differ from
 * those of the same values by rounding; where all weights are +1 or -1 both are exact. */
BSCNET_API int bscnet_conv_forward(const bscnet_convolution* conv, const float* values, const int32_t* bits,
                                   const float* weight, int32_t threads, float* y);

/* dx (in_rows x in_channels) of dy. `map` and `cells` lead the other way round here: from a row of dx to the rows of dy
 * that read it. For a cube that is the same map with each cell on the other side. */
BSCNET_API int bscnet_conv_input_gradient(const bscnet_convolution* conv, const float* dy, const float* weight,
                                          int32_t threads, float* dx);

/* dw (slices x in_channels x out_channels) of x and dy. */
BSCNET_API int bscnet_conv_weight_gradient(const bscnet_convolution* conv, const float* values, const int32_t* bits,
                                           const float* dy, int32_t threads, float* dw);

/* Pooling over the children of each coarse row, which are given as by bscnet_sites_links; x is fine_rows x channels, y
 * coarse_rows x channels. The gradient of a maximum goes in equal parts to the children that have it. That of a sum is
 * bscnet_unpool. */
BSCNET_API int bscnet_pool_sum(int64_t coarse_rows, int64_t fine_rows, int32_t channels, const int32_t* first_child,
                               const int32_t* child, const float* x, int32_t threads, float* y);
BSCNET_API int bscnet_pool_max(int64_t coarse_rows, int64_t fine_rows, int32_t channels, const int32_t* first_child,
                               const int32_t* child, const float* x, int32_t threads, float* y);
BSCNET_API int bscnet_pool_max_gradient(int64_t coarse_rows, int64_t fine_rows, int32_t channels,
                                        const int32_t* first_child, const int32_t* child, const float* x,
                                        const float* y, const float* dy, int32_t threads, float* dx);

/* y (fine_rows x channels): for each row that of its parent in x (coarse_rows x channels). Its gradient is
 * bscnet_pool_sum. */
BSCNET_API int bscnet_unpool(int64_t fine_rows, int64_t coarse_rows, int32_t channels, const int32_t* parent,
                             const float* x, int32_t threads, float* y);

/* Forms of what is made of features z: nothing, z itself, +1 where z >= 0 and else -1, or those signs as bits of words,
 * see bscnet_conv_forward. */
enum { BSCNET_FORM_NOTHING = 0, BSCNET_FORM_VALUES = 1, BSCNET_FORM_SIGNS = 2, BSCNET_FORM_BITS = 3 };

/* What stands in for the gradient of a sign: there is no sign; 1 where |z| <= 1; max(0, 2 - 2 |z|). */
enum { BSCNET_ESTIMATOR_NONE = 0, BSCNET_ESTIMATOR_CLIP = 1, BSCNET_ESTIMATOR_APPROX = 2 };

/* A batch norm over rows: arrays of channels. In training the statistics are those of the rows, of which there are two
 * or more, and the running ones are moved towards them; else they are the running ones. */
typedef struct bscnet_norm {
  const float* weight;
  const float* bias;
  float* running_mean;
  float* running_var;
  double momentum;
  double eps;
  int32_t training;
} bscnet_norm;

/* z = scale * x + shift in a form. stats is 5 x channels: mean, 1 / std, scale, shift, and a row of NaN. */
BSCNET_API int bscnet_norm_forward(int64_t rows, int32_t channels, const float* x, const bscnet_norm* norm,
                                   int32_t form, int32_t threads, float* stats, void* out);

/* Gradients of x, weight and bias from that of z or, with an estimator, of its sign. passed, which may be NULL, is
 * added to that of x. */
BSCNET_API int bscnet_norm_backward(int64_t rows, int32_t channels, const float* grad, const float* x,
                                    const float* stats, const float* passed, int32_t estimator, int32_t training,
                                    int32_t threads, float* to_x, float* to_weight, float* to_bias);

/* The sign of x + bias as signs or bits; bias may be NULL. And its gradient, which bias has summed over the rows. */
BSCNET_API int bscnet_sign_forward(int64_t rows, int32_t channels, const float* x, const float* bias, int32_t form,
                                   int32_t threads, void* out);
BSCNET_API int bscnet_sign_backward(int64_t rows, int32_t channels, const float* grad, const float* x,
                                    const float* bias, int32_t estimator, int32_t threads, float* to_x);

/* y = prelu(scale * sums) + shortcut; scale, shortcut and kept may be NULL. kept: the sums, which are whole numbers
 * within 16 bits. */
BSCNET_API int bscnet_prelu_forward(int64_t rows, int32_t channels, const float* sums, const float* scale,
                                    const float* slope, const float* shortcut, int32_t threads, float* y,
                                    int16_t* kept);

/* Its gradients from sums or, where these are NULL, from kept; to_scale may be NULL. */
BSCNET_API int bscnet_prelu_backward(int64_t rows, int32_t channels, const float* grad, const float* sums,
                                     const int16_t* kept, const float* scale, const float* slope, int32_t threads,
                                     float* to_sums, float* to_scale, float* to_slope);

/* Signs of weights (rows x channels) and, where scale is not NULL, the mean of |weight| over the rows. And the
 * gradient, grad where |weight| <= 1. */
BSCNET_API int bscnet_weight_signs(int64_t rows, int32_t channels, const float* weight, int32_t threads, float* signs,
                                   float* scale);
BSCNET_API int bscnet_weight_signs_backward(int64_t rows, int32_t channels, const float* grad, const float* weight,
                                            int32_t threads, float* to_weight);

#ifdef __cplusplus
}
#endif

#endif /* BSCNET_TRAINING_H */
