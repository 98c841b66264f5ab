package memoria.amg;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.IntFunction;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import memoria.data.Checksum;
import memoria.diffusion.Condition;
import memoria.similarity.RetrievedSimilarity;
import memoria.stablediffusion.Prompts;

/**
 * Captions counted among the neighbours of an image: the caption of the nearest counts as duplicated where its share of them exceeds a level,
 *
 * <pre>sum of m_i over neighbours i with that caption  &gt;  share * sum of m_i over all neighbours</pre>
 *
 * <p>with m_i how often the training loader shows image i. The authors' code for Stable Diffusion retrieves 1,000 neighbours, each as often
 * as it lies in the index, and calls a caption duplicated that more than 20 of them have: 0.02. Captions are compared without regard to
 * case and to white space at their ends.
 */
public final class CountedCaptions implements NeighbourCaptions {

    private static final double PAPER_SHARE = 0.02;

    private final Prompts prompts;
    private final IntFunction<String> caption;
    private final IntUnaryOperator times;
    private final int count;
    private final String described;
    private final double share;

    private CountedCaptions(
            Prompts prompts,
            IntFunction<String> caption,
            IntUnaryOperator times,
            int count,
            String described,
            double share) {
        this.prompts = prompts;
        this.caption = caption;
        this.times = times;
        this.count = count;
        this.described = described;
        this.share = share;
    }

    /**
     * The captions of a training set.
     *
     * @param prompts of the model that is guided
     * @param captions one per distinct training image
     * @param multiplicity how often the training loader shows each
     * @return captions that count as duplicated above a share of 0.02
     * @throws IllegalArgumentException if there is not one multiplicity per caption, or one is below 1
     */
    public static CountedCaptions of(Prompts prompts, List<String> captions, int[] multiplicity) {
        if (captions.size() != multiplicity.length) {
            throw new IllegalArgumentException(
                    "multiplicity: "
                            + multiplicity.length
                            + " numbers for "
                            + captions.size()
                            + " captions; one each is needed");
        }
        for (int m : multiplicity) {
            if (m < 1) {
                throw new IllegalArgumentException("multiplicity: " + m + "; at least 1 is legal");
            }
        }
        List<String> kept = captions.stream().map(CountedCaptions::plain).toList();
        int[] times = multiplicity.clone();
        String text = String.join("\n", kept) + "\n" + Arrays.toString(times);
        String checksum = Checksum.sha256(text.getBytes(StandardCharsets.UTF_8));
        return new CountedCaptions(
                prompts, kept::get, i -> times[i], kept.size(), checksum, PAPER_SHARE);
    }

    /**
     * The captions that a retrieval service brings with its images, each counted as often as the service names it.
     *
     * @param prompts of the model that is guided
     * @param similarity asks the service
     * @return captions that count as duplicated above a share of 0.02
     */
    public static CountedCaptions of(Prompts prompts, RetrievedSimilarity similarity) {
        return new CountedCaptions(
                prompts,
                i -> plain(similarity.caption(i)),
                i -> 1,
                -1,
                "of a retrieval service",
                PAPER_SHARE);
    }

    private static String plain(String caption) {
        return caption.strip().toLowerCase(Locale.ROOT);
    }

    /**
     * Another level.
     *
     * @param level share of the neighbours above which a caption counts as duplicated, 0 or above and below 1
     * @return a changed copy
     * @throws IllegalArgumentException if it is out of range
     */
    public CountedCaptions optShare(double level) {
        if (!(level >= 0 && level < 1)) {
            throw new IllegalArgumentException(
                    "level: " + level + "; 0 or above and below 1 is legal");
        }
        return new CountedCaptions(prompts, caption, times, count, described, level);
    }

    @Override
    public String name() {
        return "counted, above " + share + ", " + described;
    }

    @Override
    public int count() {
        return count;
    }

    /**
     * The share that a caption has of an image's neighbours.
     *
     * @param nearest place of the training image whose caption is meant
     * @param places of the neighbours
     * @return 0 to 1; 0 for an image without caption and where there are no neighbours
     */
    public double share(int nearest, int... places) {
        String wanted = text(nearest);
        if (wanted.isEmpty()) {
            return 0;
        }
        long all = 0;
        long same = 0;
        for (int place : places) {
            int m = times.applyAsInt(place);
            all += m;
            same += text(place).equals(wanted) ? m : 0;
        }
        return all == 0 ? 0 : (double) same / all;
    }

    private String text(int place) {
        return count >= 0 && place >= count ? "" : caption.apply(place);
    }

    @Override
    public boolean duplicated(int nearest, Neighbours found) {
        return !text(nearest).isEmpty() && share(nearest, found.places()) > share;
    }

    @Override
    public Condition of(int... nearest) {
        return prompts.of(IntStream.of(nearest).mapToObj(this::text).toArray(String[]::new));
    }
}
