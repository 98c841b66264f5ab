/**
 * SIDE (Chen et al., "Extracting Training Data from Unconditional Diffusion Models"): a classifier that was never asked for becomes the
 * condition that an unconditional model lacks, and guidance by it extracts training images. The classifier is distilled on the target's
 * own images ({@code TDKD}, Sec. 3.3), the attack is classifier guidance of a strength (Sec. 3.2), and the theory says why conditions make
 * models memorize more (Sec. 5).
 */
package memoria.side;
