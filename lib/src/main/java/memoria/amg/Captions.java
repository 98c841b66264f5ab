package memoria.amg;

import memoria.diffusion.Condition;

/**
 * The captions of the training images that a similarity compares with, as conditions of the model, for caption deduplication: which are
 * duplicated is known beforehand. {@link CountedCaptions} counts.
 *
 * @param name describes them in the key of a saved result
 * @param conditions one row per training image
 * @param duplicated for each training image whether its caption counts as duplicated
 */
public record Captions(String name, Condition conditions, boolean[] duplicated)
        implements NeighbourCaptions {

    /**
     * Captions.
     *
     * @param name describes them in the key of a saved result; not empty
     * @param conditions one row per training image
     * @param duplicated for each training image whether its caption counts as duplicated
     * @throws IllegalArgumentException if the name is empty or the counts differ
     */
    public Captions {
        if (name.isBlank()) {
            throw new IllegalArgumentException("name: empty; captions need one");
        }
        if (conditions.rows() != duplicated.length) {
            throw new IllegalArgumentException(
                    "duplicated: "
                            + duplicated.length
                            + " flags for "
                            + conditions.rows()
                            + " captions; one each is needed");
        }
        duplicated = duplicated.clone();
    }

    /**
     * Which captions count as duplicated.
     *
     * @return one flag per training image
     */
    @Override
    public boolean[] duplicated() {
        return duplicated.clone();
    }

    @Override
    public int count() {
        return duplicated.length;
    }

    @Override
    public boolean duplicated(int nearest, Neighbours found) {
        return nearest < duplicated.length && duplicated[nearest];
    }

    @Override
    public Condition of(int... nearest) {
        return conditions.select(nearest);
    }
}
