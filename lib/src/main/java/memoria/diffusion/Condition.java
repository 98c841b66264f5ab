package memoria.diffusion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import memoria.torch.Ops;
import memoria.torch.Tensors;

/** What a batch of images is conditioned on, one entry per row: nothing, a class, or the embedding of a text. */
public abstract sealed class Condition {

    private static final Condition NONE = new None();

    private Condition() {}

    /** No condition; fits a batch of any size. */
    public static final class None extends Condition {
        private None() {}

        @Override
        public int rows() {
            return 0;
        }

        @Override
        public Condition select(int... rows) {
            return this;
        }
    }

    /** A class label per row. */
    public static final class Classes extends Condition {
        private final long[] labels;

        private Classes(long[] labels) {
            this.labels = labels;
        }

        /**
         * The labels.
         *
         * @return a copy, one per row
         */
        public long[] labels() {
            return labels.clone();
        }

        /**
         * The labels as a tensor.
         *
         * @param manager its owner
         * @return int64 (rows)
         */
        public NDArray tensor(NDManager manager) {
            return Tensors.of(manager, labels);
        }

        @Override
        public int rows() {
            return labels.length;
        }

        @Override
        public Condition select(int... rows) {
            check(rows);
            return new Classes(Arrays.stream(rows).mapToLong(row -> labels[row]).toArray());
        }
    }

    /** An embedding per row, for example of a prompt's tokens. */
    public static final class Embedding extends Condition {
        private final NDArray tensor;

        private Embedding(NDArray tensor) {
            this.tensor = tensor;
        }

        /**
         * The embeddings.
         *
         * @return (rows, ...), owned by whoever made it
         */
        public NDArray tensor() {
            return tensor;
        }

        @Override
        public int rows() {
            return Math.toIntExact(tensor.getShape().get(0));
        }

        @Override
        public Condition select(int... rows) {
            check(rows);
            return new Embedding(Ops.rows(tensor, rows));
        }
    }

    /**
     * No condition.
     *
     * @return fits every batch
     */
    public static Condition none() {
        return NONE;
    }

    /**
     * Class labels.
     *
     * @param labels one per row, at least one, each 0 or above
     * @return the condition
     * @throws IllegalArgumentException if there is no label or one is negative
     */
    public static Condition classes(long... labels) {
        if (labels.length == 0 || Arrays.stream(labels).anyMatch(label -> label < 0)) {
            throw new IllegalArgumentException(
                    "labels: " + Arrays.toString(labels) + "; at least one, and none below 0");
        }
        return new Classes(labels.clone());
    }

    /**
     * Embeddings. The tensor is not copied: it stays open as long as the condition is used.
     *
     * @param tensor (rows, ...), at least one row
     * @return the condition
     * @throws IllegalArgumentException if the tensor has no rows
     */
    public static Condition embedding(NDArray tensor) {
        if (tensor.getShape().dimension() < 2 || tensor.getShape().get(0) < 1) {
            throw new IllegalArgumentException(
                    "tensor: shape "
                            + tensor.getShape()
                            + "; (rows, ...) with at least one row is needed");
        }
        return new Embedding(tensor);
    }

    /**
     * Conditions of one kind after each other.
     *
     * @param first its rows come first
     * @param second of the same kind
     * @return all rows
     * @throws IllegalArgumentException if the kinds differ
     */
    public static Condition concat(Condition first, Condition second) {
        if (first instanceof None && second instanceof None) {
            return NONE;
        }
        if (first instanceof Classes a && second instanceof Classes b) {
            long[] labels = Arrays.copyOf(a.labels, a.labels.length + b.labels.length);
            System.arraycopy(b.labels, 0, labels, a.labels.length, b.labels.length);
            return new Classes(labels);
        }
        if (first instanceof Embedding a && second instanceof Embedding b) {
            return new Embedding(Ops.cat(List.of(a.tensor, b.tensor), 0));
        }
        throw new IllegalArgumentException(
                "second: "
                        + second.getClass().getSimpleName()
                        + " cannot follow "
                        + first.getClass().getSimpleName());
    }

    /**
     * How many rows there are.
     *
     * @return the count; 0 for {@link #none()}
     */
    public abstract int rows();

    /**
     * Some of the rows.
     *
     * @param rows which, each below {@link #rows()}
     * @return their conditions, in this order
     * @throws IllegalArgumentException if a row does not exist
     */
    public abstract Condition select(int... rows);

    /**
     * Some of the rows.
     *
     * @param from first row
     * @param to one past the last row
     * @return rows from to {@code to - 1}
     * @throws IllegalArgumentException if a row does not exist
     */
    public Condition slice(int from, int to) {
        return select(IntStream.range(from, to).toArray());
    }

    /**
     * This condition for a batch: a single row is repeated.
     *
     * @param batch rows of the batch
     * @return {@link #none()}, or a condition of {@code batch} rows
     * @throws IllegalArgumentException if there is more than one row but not {@code batch}
     */
    public Condition fit(int batch) {
        if (rows() == 0 || rows() == batch) {
            return this;
        }
        if (rows() != 1) {
            throw new IllegalArgumentException(
                    "condition: "
                            + rows()
                            + " rows for a batch of "
                            + batch
                            + "; one row, or one per image, is legal");
        }
        return select(new int[batch]);
    }

    void check(int[] rows) {
        for (int row : rows) {
            if (row < 0 || row >= rows()) {
                throw new IllegalArgumentException(
                        "rows: row " + row + " of a condition with " + rows());
            }
        }
    }
}
