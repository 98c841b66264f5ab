package memoria.similarity;

import ai.djl.ndarray.NDArray;
import java.util.List;
import memoria.progress.Progress;
import memoria.torch.Autograd;
import memoria.torch.Ops;
import memoria.torch.Scope;

/** The smallest of more scores than fit into memory: they are computed block by block, and the best so far are kept. */
final class Smallest {

    private Smallest() {}

    /** Scores of all queries against one block of a set. */
    interface Scores {
        /**
         * The scores.
         *
         * @param number of the block
         * @param first place of the block
         * @param size of the block
         * @return (queries, size)
         */
        NDArray of(int number, int first, int size);
    }

    /** The places of each query's smallest scores, smallest first, as float32 orders them. */
    static int[][] among(int count, int block, int queries, int kept, Scores scores) {
        float[][] values = new float[queries][0];
        int[][] places = new int[queries][0];
        for (int from = 0, b = 0; from < count; from += block, b++) {
            Progress.checkpoint();
            int first = from;
            int number = b;
            int size = Math.min(block, count - from);
            Scope.run(
                    () ->
                            Autograd.off(
                                    () -> {
                                        NDArray all = scores.of(number, first, size);
                                        merge(
                                                Ops.topk(all, Math.min(kept, size), false),
                                                first,
                                                kept,
                                                values,
                                                places);
                                        return null;
                                    }));
        }
        return places;
    }

    private static void merge(
            List<NDArray> top, int first, int kept, float[][] values, int[][] places) {
        float[] scores = top.get(0).toFloatArray();
        long[] columns = top.get(1).toLongArray();
        int k = scores.length / values.length;
        for (int row = 0; row < values.length; row++) {
            float[] old = values[row];
            int[] oldPlaces = places[row];
            int size = Math.min(kept, old.length + k);
            float[] merged = new float[size];
            int[] mergedPlaces = new int[size];
            for (int i = 0, a = 0, b = 0; i < size; i++) {
                int at = row * k + b;
                boolean takeOld = b == k || a < old.length && old[a] <= scores[at];
                merged[i] = takeOld ? old[a] : scores[at];
                mergedPlaces[i] = takeOld ? oldPlaces[a] : first + (int) columns[at];
                a += takeOld ? 1 : 0;
                b += takeOld ? 0 : 1;
            }
            values[row] = merged;
            places[row] = mergedPlaces;
        }
    }
}
