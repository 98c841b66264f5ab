package memoria.diffusion;

import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;

/** Which images to make: image i belongs to seed i, whatever batch or machine it is made in. */
public final class Seeds {

    private final long[] values;

    private Seeds(long[] values) {
        this.values = values;
    }

    /**
     * Consecutive seeds.
     *
     * @param from the first
     * @param to one past the last
     * @return {@code to - from} seeds
     * @throws IllegalArgumentException if to is below from or there are more than an array holds
     */
    public static Seeds range(long from, long to) {
        if (to < from || to - from > Integer.MAX_VALUE - 8 || to - from < 0) {
            throw new IllegalArgumentException(
                    "from, to: "
                            + from
                            + ", "
                            + to
                            + "; from <= to, and fewer than 2^31 between them are legal");
        }
        return new Seeds(LongStream.range(from, to).toArray());
    }

    /**
     * Seeds one by one.
     *
     * @param values the seeds, in the order the images will have
     * @return the seeds
     */
    public static Seeds of(long... values) {
        return new Seeds(values.clone());
    }

    /**
     * The seeds a {@link #spec} describes.
     *
     * @param spec as {@link #spec} wrote it
     * @return equal seeds
     * @throws IllegalArgumentException if the object is not such a description
     */
    public static Seeds of(JsonObject spec) {
        return spec.has("list")
                ? new Seeds(Spec.longIntegers(spec, "list"))
                : range(Spec.longInteger(spec, "from"), Spec.longInteger(spec, "to"));
    }

    /**
     * How many there are.
     *
     * @return the count
     */
    public int count() {
        return values.length;
    }

    /**
     * The seeds in order.
     *
     * @return a copy
     */
    public long[] values() {
        return values.clone();
    }

    /**
     * One seed.
     *
     * @param row 0 to {@code count() - 1}
     * @return its value
     * @throws IllegalArgumentException if there is no such row
     */
    public long at(int row) {
        if (row < 0 || row >= values.length) {
            throw new IllegalArgumentException("row: " + row + " of " + values.length + " seeds");
        }
        return values[row];
    }

    /**
     * Some of the seeds.
     *
     * @param from first row
     * @param to one past the last row
     * @return rows from to {@code to - 1}
     * @throws IllegalArgumentException if the rows do not exist
     */
    public Seeds slice(int from, int to) {
        if (from < 0 || to < from || to > values.length) {
            throw new IllegalArgumentException(
                    "from, to: " + from + ", " + to + " of " + values.length + " seeds");
        }
        return new Seeds(Arrays.copyOfRange(values, from, to));
    }

    /**
     * Some of the seeds, by row.
     *
     * @param rows each 0 to {@code count() - 1}
     * @return the seeds of these rows, in this order
     * @throws IllegalArgumentException if there is no such row
     */
    public Seeds select(int... rows) {
        return new Seeds(Arrays.stream(rows).mapToLong(this::at).toArray());
    }

    /**
     * The seeds in batches.
     *
     * @param size seeds in a batch, at least 1; the last may have fewer
     * @return the batches in order
     * @throws IllegalArgumentException if size is below 1
     */
    public List<Seeds> batches(int size) {
        if (size < 1) {
            throw new IllegalArgumentException("size: " + size + "; a batch has at least 1 seed");
        }
        List<Seeds> batches = new ArrayList<>();
        for (int from = 0; from < values.length; from += size) {
            batches.add(slice(from, (int) Math.min(values.length, (long) from + size)));
        }
        return batches;
    }

    /**
     * A description from which {@link #of(JsonObject)} rebuilds the seeds: their ends if they are consecutive, else all of them.
     *
     * @return a fresh object
     */
    public JsonObject spec() {
        boolean consecutive = true;
        for (int i = 1; i < values.length; i++) {
            consecutive &= values[i] == values[i - 1] + 1;
        }
        if (!consecutive) {
            return Spec.of("seeds", "list", Spec.list(values));
        }
        long from = values.length == 0 ? 0 : values[0];
        return Spec.of("seeds", "from", from, "to", from + values.length);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Seeds seeds && Arrays.equals(values, seeds.values);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(values);
    }

    @Override
    public String toString() {
        return spec().toString();
    }
}
