/**
 * The text-to-image stack of Stable Diffusion v1 (Rombach et al., "High-Resolution Image Synthesis with Latent Diffusion Models", 2022):
 * prompts, their embeddings, latents and images, under the public checkpoints' parameter names.
 */
package memoria.stablediffusion;
