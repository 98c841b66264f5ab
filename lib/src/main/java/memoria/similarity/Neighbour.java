package memoria.similarity;

/**
 * The image of a set most alike to another one.
 *
 * @param index its place in the set
 * @param distance to it, at least 0: Euclidean for {@link NormalizedL2}
 * @param similarity larger when more alike, in the range of the {@link Similarity} that found it
 */
public record Neighbour(int index, double distance, double similarity) {}
