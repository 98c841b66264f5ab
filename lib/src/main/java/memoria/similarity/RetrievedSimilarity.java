package memoria.similarity;

import ai.djl.ndarray.NDArray;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import memoria.data.Images;
import memoria.torch.Autograd;
import memoria.torch.Ops;

/**
 * Cosine of descriptors to images that a retrieval service brings (AMG supplement, Sec. 4): for each image the service names the nearest by
 * CLIP, they are fetched and described once, and the most alike of all that were ever fetched counts.
 *
 * <p>A service that fails does not end a run: what was fetched before, and the images of {@link #always}, are compared all the same, and
 * {@link #failures} tells what was missed. With nothing to compare, the failure is thrown.
 */
public final class RetrievedSimilarity implements Similarity {

    private final Descriptor descriptor;
    private final Function<Images, List<ClipRetrieval.Hit>> retrieval;
    private final Function<ClipRetrieval.Hit, Optional<Images>> fetch;
    private final Map<Long, Integer> places = new TreeMap<>();
    private final List<String> captions = new ArrayList<>();
    private final List<String> failures = new ArrayList<>();
    private DescriptorSimilarity pool;

    private RetrievedSimilarity(
            Descriptor descriptor,
            Function<Images, List<ClipRetrieval.Hit>> retrieval,
            Function<ClipRetrieval.Hit, Optional<Images>> fetch) {
        this.descriptor = descriptor;
        this.retrieval = retrieval;
        this.fetch = fetch;
    }

    /**
     * The measure over what a service finds.
     *
     * @param descriptor compares; stays the caller's to close
     * @param retrieval what is found for one image, such as {@code service::byImage}
     * @param fetch the image of a result, of the shape of the compared ones; empty where it cannot be had any more
     * @return the measure
     */
    public static RetrievedSimilarity by(
            Descriptor descriptor,
            Function<Images, List<ClipRetrieval.Hit>> retrieval,
            Function<ClipRetrieval.Hit, Optional<Images>> fetch) {
        return new RetrievedSimilarity(descriptor, retrieval, fetch);
    }

    /**
     * Adds images of the user's choice, compared whatever the service finds.
     *
     * @param images of the compared images' shape
     * @return this
     * @throws IllegalArgumentException if their shape differs from those compared so far
     */
    public synchronized RetrievedSimilarity always(Images images) {
        grow(images);
        for (int i = 0; i < images.count(); i++) {
            captions.add("");
        }
        return this;
    }

    /**
     * As {@link #always(Images)}, with what could be read of files and addresses; with nothing, nothing is added.
     *
     * @param targets of the compared images' shape
     * @return this
     */
    public RetrievedSimilarity always(Targets targets) {
        return targets.count() == 0 ? this : always(targets.images());
    }

    private void grow(Images images) {
        if (pool == null) {
            pool = DescriptorSimilarity.against(descriptor, images);
            return;
        }
        try (DescriptorSimilarity smaller = pool) {
            pool = smaller.always(images);
        }
    }

    /** Asks for every image of a batch and takes over what is new; answers with the places of what was found for each. */
    private int[][] ask(Images images) {
        List<Images> fresh = new ArrayList<>();
        int[][] named = new int[images.count()][0];
        for (int i = 0; i < images.count(); i++) {
            try {
                List<ClipRetrieval.Hit> hits = retrieval.apply(images.slice(i, i + 1));
                for (ClipRetrieval.Hit hit : hits) {
                    if (!places.containsKey(hit.id())) {
                        take(hit, fresh);
                    }
                }
                named[i] =
                        hits.stream()
                                .mapToInt(hit -> places.get(hit.id()))
                                .filter(place -> place >= 0)
                                .toArray();
            } catch (RetrievalException e) {
                if (pool == null && fresh.isEmpty()) {
                    throw e;
                }
                failures.add(e.getMessage());
            }
        }
        if (!fresh.isEmpty()) {
            grow(Images.concat(fresh.toArray(new Images[0])));
        }
        return named;
    }

    private void take(ClipRetrieval.Hit hit, List<Images> fresh) {
        Optional<Images> image = fetch.apply(hit);
        places.put(hit.id(), image.isPresent() ? captions.size() : -1);
        if (image.isPresent()) {
            fresh.add(image.get());
            captions.add(hit.caption());
        }
    }

    /**
     * All images compared so far.
     *
     * @return what was chosen and fetched, in that order of time
     * @throws IllegalStateException if there is none yet
     */
    @Override
    public synchronized Images train() {
        return ready().train();
    }

    private DescriptorSimilarity ready() {
        if (pool == null) {
            throw new IllegalStateException(
                    "similarity: the service found no image that could be fetched, and none was chosen");
        }
        return pool;
    }

    /**
     * The caption of an image compared.
     *
     * @param index its place in {@link #train}
     * @return its text, empty for chosen images
     * @throws IndexOutOfBoundsException if there is no such image
     */
    public synchronized String caption(int index) {
        return captions.get(index);
    }

    /**
     * What the service failed to answer.
     *
     * @return one message per failure, oldest first; empty if it answered always
     */
    public synchronized List<String> failures() {
        return List.copyOf(failures);
    }

    /**
     * Asks for every image and compares.
     *
     * @param images of one shape
     * @return one per image
     * @throws RetrievalException if the service fails and there is nothing to compare with
     */
    @Override
    public synchronized List<Neighbour> nearest(Images images) {
        ask(images);
        return ready().nearest(images);
    }

    @Override
    public synchronized Comparison compare(Images images) {
        int[][] named = ask(images);
        Comparison found = ready().compare(images);
        return new Comparison() {
            @Override
            public List<Neighbour> nearest() {
                return found.nearest();
            }

            @Override
            public int[] neighbours(int row) {
                return named[row].clone();
            }

            @Override
            public NDArray of(NDArray x, int... rows) {
                return found.of(x, rows);
            }
        };
    }

    @Override
    public synchronized NDArray of(NDArray x) {
        ask(Autograd.off(() -> Images.from(Ops.detach(x))));
        return ready().of(x);
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

    /** What a service answers tomorrow is not known, so results cannot be cached under a spec. */
    @Override
    public JsonObject spec() {
        throw new IllegalStateException(
                "similarity: what a retrieval service answers is not in a spec; keep the results themselves");
    }

    @Override
    public synchronized void close() {
        if (pool != null) {
            pool.close();
        }
    }
}
