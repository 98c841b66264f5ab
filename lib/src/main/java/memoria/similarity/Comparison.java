package memoria.similarity;

import ai.djl.ndarray.NDArray;
import java.util.List;

/** What a {@link Similarity} found for a batch of images, so that differentiating some of them does not search again. */
public interface Comparison {

    /**
     * The most alike training image of every image of the batch.
     *
     * @return one per image
     */
    List<Neighbour> nearest();

    /**
     * The training images that one image was compared with in the end, or its most alike ones: those whose captions are counted.
     *
     * @param row which image of the batch
     * @return their places, most alike to what the search saw first
     * @throws UnsupportedOperationException if the measure does not tell
     */
    default int[] neighbours(int row) {
        throw new UnsupportedOperationException(
                "similarity: it names the nearest training image alone, not the neighbours whose captions could be counted");
    }

    /**
     * The similarity of some of the images as a tensor that can be differentiated, with the training images that were found for them.
     *
     * @param x those rows of the batch that was compared (rows, C, H, W)
     * @param rows which of the batch's rows they are, ascending
     * @return (rows), recording if x is
     */
    NDArray of(NDArray x, int... rows);
}
