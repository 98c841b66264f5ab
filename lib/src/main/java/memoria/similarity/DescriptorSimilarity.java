package memoria.similarity;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.List;
import memoria.data.Images;
import memoria.torch.Autograd;
import memoria.torch.Ops;

/**
 * Cosine of descriptors, to the training image most alike: SSCD similarity where the descriptor is SSCD's (AMG's sigma for text-to-image
 * models). It is 1 for a copy, near 0 for unrelated images, and can be differentiated through the descriptor.
 *
 * <pre>{@code
 * sigma(x) = max_i cos(z(x), z(y_i))
 * }</pre>
 *
 * <p>Training images are described once. Which is the most alike is searched exactly, or by an approximate {@link HnswIndex} whose best are
 * compared exactly. {@link #always} adds images that are compared whatever a search finds (AMG supplement, Sec. 4).
 */
public final class DescriptorSimilarity implements Similarity {

    /** As many as AMG asks a retrieval service for. */
    static final int NEIGHBOURS = 1000;

    private final Descriptor descriptor;
    private final Images train;
    private final Search search;
    private final ExactSearch targets;

    private DescriptorSimilarity(
            Descriptor descriptor, Images train, Search search, ExactSearch targets) {
        this.descriptor = descriptor;
        this.train = train;
        this.search = search;
        this.targets = targets;
    }

    /**
     * The measure against a training set, searched exactly.
     *
     * @param descriptor stays the caller's to close
     * @param train training images
     * @return the measure
     * @throws IllegalArgumentException if the set is empty, holds a value that is not finite, or the descriptor does not take such images
     */
    public static DescriptorSimilarity against(Descriptor descriptor, Images train) {
        return against(descriptor, train, new ExactSearch(descriptor.of(train)));
    }

    /**
     * The measure with a search of the caller's: over descriptors in a file, or approximate.
     *
     * @param descriptor what described the searched points; stays the caller's to close
     * @param train training images, as many and in the order of the points
     * @param search among their descriptors
     * @return the measure
     * @throws IllegalArgumentException if there are more or fewer points than images
     */
    public static DescriptorSimilarity against(Descriptor descriptor, Images train, Search search) {
        if (search.set().count() != train.count()) {
            throw new IllegalArgumentException(
                    "search: over "
                            + search.set().count()
                            + " points, but there are "
                            + train.count()
                            + " training images");
        }
        return new DescriptorSimilarity(descriptor, train, search, null);
    }

    /**
     * The measure with images of the user's choice among those compared, always and exactly.
     *
     * @param images of the training images' shape
     * @return a measure that shares this one's search; its {@link #train} ends in these images
     * @throws IllegalArgumentException if the shapes differ or there is none
     */
    public DescriptorSimilarity always(Images images) {
        train.requireSameItem("images", images);
        Embeddings chosen = descriptor.of(images);
        Embeddings all = targets == null ? chosen : targets.set().and(chosen);
        return new DescriptorSimilarity(
                descriptor, Images.concat(train, images), search, new ExactSearch(all));
    }

    /**
     * As {@link #always(Images)}, with what could be read of files and addresses; with nothing, this measure itself.
     *
     * @param targets of the training images' shape
     * @return a measure that shares this one's search
     * @throws IllegalArgumentException if the shapes differ
     */
    public DescriptorSimilarity always(Targets targets) {
        return targets.count() == 0 ? this : always(targets.images());
    }

    @Override
    public int searched() {
        return search.set().count();
    }

    /**
     * The training images compared with, those of {@link #always} last.
     *
     * @return the set
     */
    @Override
    public Images train() {
        return train;
    }

    /**
     * The most alike training image of every image.
     *
     * @param images of the training images' shape
     * @return one per image: its place in {@link #train}, the distance of the descriptors, their cosine
     */
    @Override
    public List<Neighbour> nearest(Images images) {
        train.requireSameItem("images", images);
        return nearest(descriptor.of(images));
    }

    /**
     * As {@link #nearest(Images)}, for images that were described before.
     *
     * @param described by this measure's descriptor
     * @return one per row
     * @throws IllegalArgumentException if the dimensions differ
     */
    public List<Neighbour> nearest(Embeddings described) {
        Search.Found found = search.nearest(described, 1);
        Search.Found chosen = targets == null ? null : targets.nearest(described, 1);
        List<Neighbour> nearest = new ArrayList<>();
        for (int i = 0; i < described.count(); i++) {
            int index = found.index()[i][0];
            double similarity = found.similarity()[i][0];
            if (chosen != null && chosen.similarity()[i][0] > similarity) {
                index = search.set().count() + chosen.index()[i][0];
                similarity = chosen.similarity()[i][0];
            }
            double distance = Math.sqrt(Math.max(0, 2 - 2 * similarity));
            nearest.add(new Neighbour(index, distance, similarity));
        }
        return nearest;
    }

    @Override
    public NDArray of(NDArray x) {
        Shape item = x.getShape().slice(1);
        if (!item.equals(train.item())) {
            throw new IllegalArgumentException(
                    "x: items of " + item + " where " + train.item() + " is needed");
        }
        NDArray z = descriptor.of(x);
        float[] rows = Autograd.off(() -> Ops.detach(z).toFloatArray());
        int count = (int) z.getShape().get(0);
        Embeddings described = Embeddings.of(rows, rows.length / count);
        float[][] points =
                nearest(described).stream().map(n -> descriptor(n.index())).toArray(float[][]::new);
        return Described.cosines(x, z, points);
    }

    @Override
    public Comparison compare(Images images) {
        train.requireSameItem("images", images);
        Embeddings described = descriptor.of(images);
        List<Neighbour> nearest = nearest(described);
        float[][] points = nearest.stream().map(n -> descriptor(n.index())).toArray(float[][]::new);
        int most = Math.min(NEIGHBOURS, searched());
        return new Described(
                descriptor,
                nearest,
                points,
                row ->
                        search.nearest(
                                        Embeddings.of(described.row(row), described.dimensions()),
                                        most)
                                .index()[0]);
    }

    private float[] descriptor(int place) {
        int searched = search.set().count();
        return place < searched ? search.set().row(place) : targets.set().row(place - searched);
    }

    /**
     * Copies have a cosine near 1.
     *
     * @return true
     */
    @Override
    public boolean positive() {
        return true;
    }

    @Override
    public JsonObject spec() {
        JsonObject spec = new JsonObject();
        spec.addProperty("kind", "descriptor");
        spec.add("descriptor", descriptor.spec());
        spec.addProperty("search", search.getClass().getSimpleName());
        spec.addProperty("train", train.sha256());
        if (targets != null) {
            spec.addProperty("chosen", targets.set().count());
        }
        return spec;
    }

    /**
     * The descriptor.
     *
     * @return as given
     */
    public Descriptor descriptor() {
        return descriptor;
    }

    /** Frees the searches' native memory; the descriptor is the caller's. */
    @Override
    public void close() {
        search.close();
        if (targets != null) {
            targets.close();
        }
    }
}
