/** Memorization in diffusion models: detect it, prevent it, extract it. */
package memoria;
