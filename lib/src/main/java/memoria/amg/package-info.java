/**
 * Anti-memorization guidance (Chen, Liu and Xu: Towards Memorization-Free Diffusion Models, CVPR 2024): a sampler steers away from the
 * training image it is about to repeat. {@link memoria.amg.Amg} is the method, its other classes are its parts.
 */
package memoria.amg;
