package memoria.similarity;

import com.google.gson.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import memoria.artifact.Store;
import memoria.data.Images;

/**
 * Which images of a large set mean the same as a picture: points of an encoder that knows what is on a picture, and a search among them. In
 * the paper the encoder is CLIP's image tower and the search a service over LAION-5B; here it is any {@link Descriptor} over any set. What
 * it names is compared by a copy descriptor afterwards, {@link RerankedSimilarity}.
 *
 * <pre>{@code
 * try (var index = NeighbourIndex.of(Descriptor.shippedFeatures("fashion-features"), images, store)) {
 *     int[][] places = index.nearest(pictures, 1000);
 * }
 * }</pre>
 *
 * <p>The points are an artifact: made once, shard by shard, and read from the store from then on.
 */
public final class NeighbourIndex implements AutoCloseable {

    private final Descriptor encoder;
    private final Search search;
    private final String points;

    private NeighbourIndex(Descriptor encoder, Search search, String points) {
        this.encoder = encoder;
        this.search = search;
        this.points = points;
    }

    /**
     * An index searched exactly, its points kept in a store.
     *
     * @param encoder stays the caller's to close
     * @param images the set
     * @param store where the points are kept, and read from the next time
     * @return the index
     * @throws IllegalArgumentException if there is no image, a value is not finite or the encoder does not take such images
     * @throws memoria.progress.Interrupted if the thread is interrupted; finished shards are kept
     */
    public static NeighbourIndex of(Descriptor encoder, Images images, Store store) {
        EmbeddingJob job = EmbeddingJob.of(encoder, images);
        return new NeighbourIndex(
                encoder, new ExactSearch(job.in(store)), "images " + images.sha256());
    }

    /**
     * An index with a search of one's own.
     *
     * @param encoder what described the searched points; stays the caller's to close
     * @param search among points of length 1; closed with the index
     * @return the index
     */
    public static NeighbourIndex by(Descriptor encoder, Search search) {
        return new NeighbourIndex(encoder, search, "points " + search.set().sha256());
    }

    /**
     * The same points searched approximately, through a graph of neighbours on disk: for sets of millions. A graph of the very same points
     * that lies in the folder is opened, otherwise one is built.
     *
     * @param folder where graphs are kept, one subfolder for each set of points
     * @return an index on the graph; this one may be closed
     * @throws IllegalArgumentException if the points have more than 1024 dimensions
     * @throws java.io.UncheckedIOException if the graph cannot be written
     * @throws memoria.progress.Interrupted if the thread is interrupted
     */
    public NeighbourIndex graph(Path folder) {
        Embeddings set = search.set();
        Path own = folder.resolve("graph-" + set.sha256().substring(0, 16));
        return new NeighbourIndex(encoder, openOrBuild(own, set), points);
    }

    private static HnswIndex openOrBuild(Path folder, Embeddings set) {
        if (Files.isDirectory(folder)) {
            try {
                return HnswIndex.open(folder, set);
            } catch (IllegalArgumentException unfinished) {
                // A build that was stopped leaves a folder without an index; what is damaged is
                // built anew.
                return HnswIndex.build(folder, set);
            }
        }
        return HnswIndex.build(folder, set);
    }

    /**
     * How many images there are.
     *
     * @return at least 1
     */
    public int count() {
        return search.set().count();
    }

    /**
     * The images most alike by meaning.
     *
     * @param images pictures the encoder takes
     * @param n 1 to {@link #count}
     * @return one row per picture: places in the set, most alike first
     * @throws IllegalArgumentException if n is out of range, a value is not finite or the encoder does not take such pictures
     * @throws memoria.progress.Interrupted if the thread is interrupted
     */
    public int[][] nearest(Images images, int n) {
        return search.nearest(encoder.of(images).unit(), n).index();
    }

    /**
     * A description, part of the key of a saved result.
     *
     * @return encoder, kind of search and the images, or points of the caller's, by checksum
     */
    public JsonObject spec() {
        JsonObject spec = new JsonObject();
        spec.add("encoder", encoder.spec());
        spec.addProperty("search", search.getClass().getSimpleName());
        spec.addProperty("of", points);
        return spec;
    }

    /** Frees the search; the encoder is the caller's. */
    @Override
    public void close() {
        search.close();
    }
}
