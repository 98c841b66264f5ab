/**
 * SIDE (Chen et al., "Extracting Training Data from Unconditional Diffusion Models"): a classifier that was never asked for becomes the
 * condition that an unconditional model lacks, and guidance by it extracts training images. The classifier is distilled on the target's
 * own images ({@code TDKD}, Sec. 3.3) and held to its teacher near t = 0 ({@link memoria.side.Anchor}), the attack is classifier guidance of a strength (Sec. 3.2), and the theory says why conditions make
 * models memorize more (Sec. 5). Extended SIDE (Appendix G) does it to fine-tuned text-to-image models: a {@link memoria.side.Victim} learns
 * images under {@link memoria.side.RandomStrings}, {@link memoria.side.Queries} ask for them again and again, and low variance gives them
 * away ({@link memoria.side.ExtendedSide}).
 */
package memoria.side;
