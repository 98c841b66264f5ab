package memoria.similarity;

import ai.djl.ndarray.NDArray;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import memoria.data.Images;
import memoria.torch.Autograd;
import memoria.torch.Ops;
import memoria.torch.Scalars;

/**
 * The larger of several similarities, each counted from what it calls a copy: for a guidance that one measure alone would let pass what
 * another still sees.
 *
 * <pre>sigma(x) = l_1 + max_j (sigma_j(x) - l_j)</pre>
 *
 * with the limit l_j of measure j, for example what 1 in 1,000 unseen pictures exceeds; so l_1 is the limit of all. Nearest training image,
 * neighbours and gradient are those of the measure that is largest. Not in a paper.
 *
 * <pre>{@code
 * var nl2     = NormalizedL2.against(train);
 * var pixels  = nl2.closeness();
 * var shapes  = nl2.standardized().closeness();
 * var either  = LargerSimilarity.of(pixels, pixels.threshold(unseen, 0.001)).or(shapes, shapes.threshold(unseen, 0.001));
 * }</pre>
 */
public final class LargerSimilarity implements Similarity {

    private final List<Part> parts;

    private record Part(Similarity measure, double limit) {}

    private LargerSimilarity(List<Part> parts) {
        this.parts = parts;
    }

    /**
     * The first measure, on whose scale the others are counted.
     *
     * @param measure stays the caller's to close
     * @param limit above which it calls an image a copy
     * @return the measure itself until another is added by {@link #or}
     * @throws IllegalArgumentException if the limit is not finite
     */
    public static LargerSimilarity of(Similarity measure, double limit) {
        return new LargerSimilarity(List.of(part(measure, limit)));
    }

    /**
     * One more measure.
     *
     * @param measure of the same training images in the same order; stays the caller's to close
     * @param limit above which it calls an image a copy
     * @return a changed copy
     * @throws IllegalArgumentException if the limit is not finite, the training images are others, or one measure is positive when alike
     *     and the other is not
     */
    public LargerSimilarity or(Similarity measure, double limit) {
        if (!measure.train().equals(train()) || measure.searched() != searched()) {
            throw new IllegalArgumentException(
                    "measure: searches "
                            + measure.searched()
                            + " of "
                            + measure.train()
                            + ", the first one "
                            + searched()
                            + " of "
                            + train()
                            + "; all must compare with the same training images in the same order");
        }
        if (measure.positive() != positive()) {
            throw new IllegalArgumentException(
                    "measure: "
                            + (measure.positive() ? "positive when alike" : "never positive")
                            + ", unlike the first one; nL2 is made positive by closeness()");
        }
        List<Part> more = new ArrayList<>(parts);
        more.add(part(measure, limit));
        return new LargerSimilarity(List.copyOf(more));
    }

    private static Part part(Similarity measure, double limit) {
        if (!Double.isFinite(limit)) {
            throw new IllegalArgumentException("limit: " + limit + " is not finite");
        }
        return new Part(measure, limit);
    }

    @Override
    public Images train() {
        return parts.get(0).measure.train();
    }

    @Override
    public int searched() {
        return parts.get(0).measure.searched();
    }

    @Override
    public List<Neighbour> nearest(Images images) {
        List<List<Neighbour>> found = parts.stream().map(p -> p.measure.nearest(images)).toList();
        return largest(found, decisive(found));
    }

    /** Which part's similarity, counted from its limit, is the largest; of equal ones the first. */
    private int[] decisive(List<List<Neighbour>> found) {
        int[] which = new int[found.get(0).size()];
        for (int j = 1; j < parts.size(); j++) {
            for (int i = 0; i < which.length; i++) {
                if (counted(found, j, i) > counted(found, which[i], i)) {
                    which[i] = j;
                }
            }
        }
        return which;
    }

    private double counted(List<List<Neighbour>> found, int part, int row) {
        return found.get(part).get(row).similarity() + shift(part);
    }

    private double shift(int part) {
        return parts.get(0).limit - parts.get(part).limit;
    }

    private List<Neighbour> largest(List<List<Neighbour>> found, int[] which) {
        return IntStream.range(0, which.length)
                .mapToObj(
                        i -> {
                            Neighbour near = found.get(which[i]).get(i);
                            double similarity = counted(found, which[i], i);
                            return new Neighbour(near.index(), near.distance(), similarity);
                        })
                .toList();
    }

    @Override
    public NDArray of(NDArray x) {
        return compare(Autograd.off(() -> Images.from(Ops.detach(x))))
                .of(x, all((int) x.getShape().get(0)));
    }

    private static int[] all(int rows) {
        return IntStream.range(0, rows).toArray();
    }

    @Override
    public Comparison compare(Images images) {
        List<Comparison> found = parts.stream().map(p -> p.measure.compare(images)).toList();
        List<List<Neighbour>> nearest = found.stream().map(Comparison::nearest).toList();
        int[] which = decisive(nearest);
        List<Neighbour> largest = largest(nearest, which);
        return new Comparison() {
            @Override
            public List<Neighbour> nearest() {
                return largest;
            }

            @Override
            public int[] neighbours(int row) {
                return found.get(which[row]).neighbours(row);
            }

            @Override
            public NDArray of(NDArray x, int... rows) {
                return LargerSimilarity.this.of(found, which, x, rows);
            }
        };
    }

    /** Every part measures its own rows alone, so the others' gradients are neither computed nor multiplied by 0. */
    private NDArray of(List<Comparison> found, int[] which, NDArray x, int[] rows) {
        NDArray sum = null;
        for (int j = 0; j < parts.size(); j++) {
            int part = j;
            int[] own =
                    IntStream.range(0, rows.length).filter(i -> which[rows[i]] == part).toArray();
            if (own.length == 0) {
                continue;
            }
            int[] places = IntStream.of(own).map(i -> rows[i]).toArray();
            NDArray measured = found.get(j).of(Ops.rows(x, own), places);
            NDArray counted = Scalars.add(measured, shift(j));
            NDArray spread = Ops.spread(counted, rows.length, own);
            sum = sum == null ? spread : sum.add(spread);
        }
        return sum;
    }

    @Override
    public boolean positive() {
        return parts.get(0).measure.positive();
    }

    @Override
    public JsonObject spec() {
        JsonArray described = new JsonArray();
        for (Part part : parts) {
            JsonObject one = new JsonObject();
            one.add("measure", part.measure.spec());
            one.addProperty("limit", part.limit);
            described.add(one);
        }
        JsonObject spec = new JsonObject();
        spec.addProperty("kind", "larger");
        spec.add("parts", described);
        return spec;
    }

    /** Nothing: the measures are the caller's. */
    @Override
    public void close() {}
}
