package memoria.similarity;

/**
 * The nearest image of a set.
 *
 * @param index its place in the set
 * @param distance Euclidean distance to it, at least 0
 * @param nl2 normalised distance, at most 0, more negative when less alike ({@link NormalizedL2})
 */
public record Neighbour(int index, double distance, double nl2) {}
