/**
 * The hub: what diffusion models, samplers, guidances and detectors have in common, with no network in it.
 *
 * <p>A {@link memoria.diffusion.Denoiser} predicts the noise in x_t; a {@link memoria.diffusion.NoiseSchedule} says how much noise there is;
 * a sampler turns seeds into images; a guidance bends its steps; {@link memoria.diffusion.Noise} makes every random number a pure function
 * of a seed.
 */
package memoria.diffusion;
