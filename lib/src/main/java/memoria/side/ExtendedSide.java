package memoria.side;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import memoria.metrics.Matches;
import memoria.metrics.Retrieval;
import memoria.metrics.Roc;
import memoria.similarity.Neighbour;
import memoria.similarity.Similarity;

/**
 * Extended SIDE (Appendix G, Algorithm 2), judged. The attacker accepts a prompt when the variance of its images lies at or under a threshold
 * and takes their mean image for a training image (Eq. 37):
 *
 * <pre>{@code D_extracted = { xbar_i : sigma_i^2 < tau }}</pre>
 *
 * <p>He sees no training image. Whether he is right is judged with what he lacks: an accepted prompt is right if it was trained on and its
 * mean image copies an image that was trained under it, that is, the most alike of all training images is such a one, by more than a limit
 * that unseen real images set. Prompts never trained on are the wrong ones among the candidates.
 *
 * <p>Candidates are numbered: the trained prompts first, then those never trained on. The threshold is chosen on the even ones of each and
 * reported on the odd ones.
 */
public final class ExtendedSide {

    private final double[] trained;
    private final double[] never;
    private final Matches matches;
    private final boolean[] copied;

    private ExtendedSide(double[] trained, double[] never, Matches matches, boolean[] copied) {
        this.trained = trained;
        this.never = never;
        this.matches = matches;
        this.copied = copied;
    }

    /**
     * The attack on one victim.
     *
     * @param prompts the victim's, one per training image
     * @param asked what the fine-tuned model gave for them, in this order
     * @param never what it gave for prompts that it was not trained on
     * @param measure the similarity to the victim's images, in the order of the prompts
     * @param limit what counts as a copy: a level that unseen real images exceed rarely
     * @return the judged attack
     * @throws IllegalArgumentException if there are not as many prompts asked as there are prompts and images, or the numbers of images per
     *     prompt differ
     */
    public static ExtendedSide of(
            List<String> prompts,
            Repeated asked,
            Repeated never,
            Similarity measure,
            double limit) {
        int count = prompts.size();
        if (asked.prompts() != count || measure.train().count() != count) {
            throw new IllegalArgumentException(
                    "prompts: "
                            + count
                            + ", asked: "
                            + asked.prompts()
                            + ", training images: "
                            + measure.train().count()
                            + "; equally many are needed");
        }
        if (asked.samples() != never.samples()) {
            throw new IllegalArgumentException(
                    "never: "
                            + never.samples()
                            + " images per prompt where the trained ones have "
                            + asked.samples());
        }
        List<Neighbour> nearest = measure.nearest(asked.mean());
        boolean[] copied = new boolean[count];
        for (int i = 0; i < count; i++) {
            Neighbour best = nearest.get(i);
            boolean own = prompts.get(best.index()).equals(prompts.get(i));
            copied[i] = own && best.similarity() > limit;
        }
        return new ExtendedSide(asked.variance(), never.variance(), Matches.of(nearest), copied);
    }

    /**
     * Variances of the trained prompts.
     *
     * @return one per prompt
     */
    public double[] trained() {
        return trained.clone();
    }

    /**
     * Variances of the prompts never trained on.
     *
     * @return one per prompt
     */
    public double[] never() {
        return never.clone();
    }

    /**
     * The training images most alike to the mean images of the trained prompts.
     *
     * @return one per trained prompt
     */
    public Matches matches() {
        return matches;
    }

    /**
     * Which trained prompts give their images back, whatever their variance.
     *
     * @return one per trained prompt
     */
    public boolean[] copied() {
        return copied.clone();
    }

    /**
     * How well low variance tells trained prompts from those never trained on, over all thresholds.
     *
     * @return the curve
     */
    public Roc noticed() {
        return Roc.ofLow(trained, never);
    }

    /**
     * Precision and recall of noticing which prompts were trained on.
     *
     * @return the curve over the variance threshold
     */
    public Retrieval noticing() {
        return Retrieval.ofLow(trained, never);
    }

    /**
     * Precision and recall of extracting: what is accepted is right only if its mean image is a copy.
     *
     * @return the curve over the variance threshold
     */
    public Retrieval extracting() {
        double[] all = Arrays.copyOf(trained, trained.length + never.length);
        System.arraycopy(never, 0, all, trained.length, never.length);
        boolean[] wanted = new boolean[all.length];
        Arrays.fill(wanted, 0, trained.length, true);
        return Retrieval.ofLow(all, wanted, Arrays.copyOf(copied, all.length));
    }

    /**
     * The candidates on which a threshold is chosen.
     *
     * @return the even ones, trained and never trained on
     */
    public int[] choosing() {
        return every(0);
    }

    /**
     * The candidates on which a chosen threshold is reported.
     *
     * @return the odd ones, trained and never trained on
     */
    public int[] reporting() {
        return every(1);
    }

    private int[] every(int parity) {
        return IntStream.concat(
                        IntStream.range(0, trained.length).filter(i -> i % 2 == parity),
                        IntStream.range(0, never.length)
                                .filter(i -> i % 2 == parity)
                                .map(i -> trained.length + i))
                .toArray();
    }

    /**
     * The trained prompts that a threshold accepts: the first part of {@code D_extracted} (Eq. 37).
     *
     * @param threshold of the variance
     * @return their places, least variance first
     */
    public int[] accepted(double threshold) {
        return IntStream.range(0, trained.length)
                .filter(i -> trained[i] <= threshold)
                .boxed()
                .sorted((a, b) -> Double.compare(trained[a], trained[b]))
                .mapToInt(i -> i)
                .toArray();
    }
}
