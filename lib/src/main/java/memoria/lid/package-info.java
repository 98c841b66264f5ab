/**
 * Local intrinsic dimension: how many directions there are at a point in which the data, or what a model makes of it, may move (Ross et al.,
 * "A Geometric Framework for Understanding Memorization in Generative Models", 2025, "LID paper" below). A point at which a model's
 * dimension is too low is memorized.
 *
 * <p>An {@link memoria.lid.Estimator} asks a {@link memoria.diffusion.Denoiser}, {@link memoria.lid.JacobianRank} a generator,
 * {@link memoria.lid.LocalPca} the data. What they measure is kept apart from what is concluded: thresholds, probes and noise levels are
 * chosen afterwards, from {@link memoria.lid.FlipdValues} or {@link memoria.lid.Spectra}.
 */
package memoria.lid;
