package memoria.amg;

import memoria.diffusion.Condition;

/**
 * What caption deduplication guidance asks of the captions of training images: the caption e_N of an image's nearest neighbour as a condition
 * of the model, and whether it counts as duplicated.
 */
public interface NeighbourCaptions {

    /**
     * Describes them in the key of a saved result.
     *
     * @return not empty
     */
    String name();

    /**
     * How many training images have captions here.
     *
     * @return the count; -1 if it is not known before a run, as with a retrieval service
     */
    int count();

    /**
     * Whether the caption of a training image counts as duplicated.
     *
     * @param nearest its place; images behind the captioned ones were chosen by the user
     * @param found the neighbours among which captions are counted
     * @return false for an image without caption
     */
    boolean duplicated(int nearest, Neighbours found);

    /**
     * Captions as conditions.
     *
     * @param nearest places of training images whose caption is {@link #duplicated}
     * @return one row each, freed with the step
     */
    Condition of(int... nearest);

    /** The neighbours of one image; asked for only where captions are counted. */
    @FunctionalInterface
    interface Neighbours {

        /**
         * The neighbours.
         *
         * @return their places among the training images
         */
        int[] places();
    }
}
