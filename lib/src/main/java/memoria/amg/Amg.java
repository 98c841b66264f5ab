package memoria.amg;

import ai.djl.ndarray.NDArray;
import com.google.gson.JsonObject;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import memoria.data.Images;
import memoria.diffusion.Bend;
import memoria.diffusion.Guidance;
import memoria.diffusion.Step;
import memoria.network.AutoencoderKl;
import memoria.similarity.Comparison;
import memoria.similarity.Neighbour;
import memoria.similarity.Similarity;
import memoria.torch.Autograd;
import memoria.torch.Scalars;
import memoria.torch.Tensors;

/**
 * Anti-memorization guidance (AMG): in every step the predicted image x0-hat is compared with the training images, and where its
 * similarity sigma_t to the nearest exceeds a threshold lambda_t the step is bent away from it,
 *
 * <pre>
 * DDIM:  epsilon = epsilon + 1{sigma_t &gt; lambda_t} (G_spe + G_dup + G_sim),  G_sim = c3 sqrt(1 - alphaBar_t) grad sigma_t   (Eq. 1)
 * DDPM:  mu = mu - 1{sigma_t &gt; lambda_t} Sigma G_sim,                         G_sim = c grad sigma_t                         (Eqs. 4, 5)
 * </pre>
 *
 * <p>with gradients in x_t. Both are one answer, {@code -c grad sigma_t} added to the score, which each sampler takes in its own way. An
 * image that never exceeds the threshold is left as it is, bit by bit.
 *
 * <pre>{@code
 * var nl2    = NormalizedL2.against(train.distinct());
 * var limit  = nl2.threshold(FashionMnist.test(), 0.001);
 * var guided = Ddim.steps(50).guidedBy(Amg.with(nl2).below(limit)).sample(model, seeds);
 * }</pre>
 *
 * <p>The strong version is the same with the limit of a higher rate, {@code below(nl2.threshold(unseen, 0.01))}: both ends of the parabola
 * move with it. G_spe and G_dup ({@link #despecify}, {@link #deduplicate}) are for models guided by text, and for similarities that are
 * positive when alike.
 */
public final class Amg implements Guidance {

    /** How far the paper's parabola ends and begins below its limit: -1.5 and -1.95 for -1.4 of nL2, 0.4 and 0.3 for 0.5 of SSCD. */
    private static final double[] PAPER_NL2 = {0.1, 0.55};

    private static final double[] PAPER_SSCD = {0.1, 0.2};

    private final Similarity similarity;
    private final Threshold threshold;
    private final Strength strength;
    private final Step.Gradient mode;
    private final Decoder decoder;
    private final Despecification spe;
    private final Deduplication dup;
    private final AmgRecord record;

    private record Decoder(String name, UnaryOperator<NDArray> decode) {}

    /** A guidance that knows what it compares with, and not yet where it acts. */
    public static final class Unlimited {

        private final Similarity similarity;

        private Unlimited(Similarity similarity) {
            this.similarity = similarity;
        }

        /**
         * Keeps images below a limit: a parabola that ends as far below it as the paper's, see {@link Threshold#parabola}.
         *
         * @param limit the similarity above which an image counts as memorized
         * @return the guidance, with {@link #scale} 1 and gradients through the network
         * @throws IllegalArgumentException if the limit is not finite
         */
        public Amg below(double limit) {
            if (!Double.isFinite(limit)) {
                throw new IllegalArgumentException("limit: " + limit + " is not finite");
            }
            double[] paper = similarity.positive() ? PAPER_SSCD : PAPER_NL2;
            return when(Threshold.parabola(limit - paper[1], limit - paper[0]));
        }

        /**
         * Acts above a threshold of one's own.
         *
         * @param threshold lambda_t
         * @return the guidance, with {@link #scale} 1 and gradients through the network
         */
        public Amg when(Threshold threshold) {
            Step.Gradient mode = Step.Gradient.THROUGH_NETWORK;
            Strength one = Strength.constant(1);
            return new Amg(similarity, threshold, one, mode, null, null, null, null);
        }
    }

    private Amg(
            Similarity similarity,
            Threshold threshold,
            Strength strength,
            Step.Gradient mode,
            Decoder decoder,
            Despecification spe,
            Deduplication dup,
            AmgRecord record) {
        this.similarity = similarity;
        this.threshold = threshold;
        this.strength = strength;
        this.mode = mode;
        this.decoder = decoder;
        this.spe = spe;
        this.dup = dup;
        this.record = record;
    }

    /**
     * A guidance by a similarity.
     *
     * @param similarity to the training images; it must stay open as long as the guidance is used
     * @return what needs a limit to become a guidance
     */
    public static Unlimited with(Similarity similarity) {
        return new Unlimited(similarity);
    }

    /**
     * How strongly dissimilarity guidance bends: c3 of Eq. 1 with DDIM, c of Eq. 4 with DDPM, which are different numbers. The right one
     * depends on similarity, data and sampler; find it on seeds that are not reported.
     *
     * @param c at least 0; with 0 nothing is bent, and the record shows what an unguided run would be judged
     * @return a changed copy
     * @throws IllegalArgumentException if c is negative or not finite
     */
    public Amg scale(double c) {
        return scale(Strength.constant(c));
    }

    /**
     * The same with a strength that depends on time and similarity.
     *
     * @param c3 for example {@link Strength#rising}, that of the authors' code for Stable Diffusion
     * @return a changed copy
     */
    public Amg scale(Strength c3) {
        return new Amg(similarity, threshold, c3, mode, decoder, spe, dup, record);
    }

    /**
     * What the gradient of the similarity takes into account.
     *
     * @param gradient by default {@link Step.Gradient#THROUGH_NETWORK}
     * @return a changed copy
     */
    public Amg gradient(Step.Gradient gradient) {
        return new Amg(similarity, threshold, strength, gradient, decoder, spe, dup, record);
    }

    /**
     * Compares decoded images, for models of latents (supplement, Sec. 4): the gradient goes through the decoder.
     *
     * @param name describes the decoder in the key of a saved result
     * @param decode maps x0-hat (B, item) to images (B, C, H, W), row by row, differentiable
     * @return a changed copy
     */
    public Amg decoding(String name, UnaryOperator<NDArray> decode) {
        Decoder changed = new Decoder(name, decode);
        return new Amg(similarity, threshold, strength, mode, changed, spe, dup, record);
    }

    /**
     * Compares what an autoencoder makes of latents, limited to [-1, 1] as the images that people see.
     *
     * @param autoencoder between images and latents
     * @return a changed copy
     */
    public Amg decoding(AutoencoderKl autoencoder) {
        double latents = autoencoder.config().scale();
        return decoding(
                "autoencoder " + autoencoder.params().sha256(),
                z -> autoencoder.decode(Scalars.div(z, latents)).clip(-1, 1));
    }

    /**
     * Adds despecification guidance, {@code G_spe = -s1 (epsilon(x_t, e_p) - epsilon(x_t))} with
     * {@code s1 = max(min(c1 sigma_t, s0 - 1), 0)}, for models under classifier-free guidance of scale s0.
     *
     * @param c1 at least 0
     * @return a changed copy
     * @throws IllegalArgumentException if c1 is negative or not finite
     */
    public Amg despecify(double c1) {
        notNegative("c1", c1);
        Despecification changed = new Despecification(c1);
        return new Amg(similarity, threshold, strength, mode, decoder, changed, dup, record);
    }

    /**
     * Adds caption deduplication guidance, {@code G_dup = -s2 (epsilon(x_t, e_N) - epsilon(x_t))} with
     * {@code s2 = max(min(c2 sigma_t, s0 - s1 - 1), 0)}, where the caption e_N of the nearest training image is duplicated.
     *
     * @param c2 at least 0
     * @param captions of the training images
     * @return a changed copy
     * @throws IllegalArgumentException if c2 is negative or not finite, or there is not one caption per training image
     */
    public Amg deduplicate(double c2, NeighbourCaptions captions) {
        notNegative("c2", c2);
        int rows = captions.count();
        if (rows >= 0 && rows != similarity.searched()) {
            throw new IllegalArgumentException(
                    "captions: "
                            + rows
                            + " for "
                            + similarity.searched()
                            + " training images; one each is needed");
        }
        Deduplication changed = new Deduplication(c2, captions);
        return new Amg(similarity, threshold, strength, mode, decoder, spe, changed, record);
    }

    /**
     * Keeps a record of every step of the runs to come.
     *
     * @param kept where to
     * @return a changed copy
     */
    public Amg record(AmgRecord kept) {
        return new Amg(similarity, threshold, strength, mode, decoder, spe, dup, kept);
    }

    /**
     * The threshold.
     *
     * @return lambda_t
     */
    public Threshold threshold() {
        return threshold;
    }

    @Override
    public Bend bend(Step step) {
        double tau = (double) step.remaining() / step.steps();
        double lambdaT = threshold.at(tau);
        Comparison found = similarity.compare(images(step));
        List<Neighbour> nearest = found.nearest();
        int[] armed =
                IntStream.range(0, nearest.size())
                        .filter(i -> nearest.get(i).similarity() > lambdaT)
                        .toArray();
        keep(step, tau, lambdaT, nearest);
        if (armed.length == 0) {
            return Bend.none();
        }
        Step some = step.rows(armed);
        List<Neighbour> near = IntStream.of(armed).mapToObj(nearest::get).toList();
        NDArray away = dissimilarity(some, tau, near, found, armed);
        return Bend.of(prompt(some, near, found, armed), away);
    }

    /** {@code -c grad sigma_t}: G_sim as a change of the score. */
    private NDArray dissimilarity(
            Step armed, double tau, List<Neighbour> nearest, Comparison found, int[] rows) {
        double[] c = nearest.stream().mapToDouble(n -> -strength.at(tau, n.similarity())).toArray();
        if (DoubleStream.of(c).allMatch(each -> each == 0)) {
            return null;
        }
        NDArray gradient = armed.gradX(x0Hat -> found.of(decode(x0Hat), rows), mode);
        int dimensions = gradient.getShape().dimension();
        NDArray each = Tensors.column(gradient.getManager(), c, dimensions);
        return armed.spread(each.mul(gradient));
    }

    /** {@code G_spe + G_dup}: a change of the predicted noise. */
    private NDArray prompt(Step armed, List<Neighbour> nearest, Comparison found, int[] batch) {
        if (spe == null && dup == null) {
            return null;
        }
        double s0 = Despecification.branches(armed).scale();
        int rows = nearest.size();
        double[] s1 = new double[rows];
        double[] s2 = new double[rows];
        for (int i = 0; i < rows; i++) {
            double sigma = nearest.get(i).similarity();
            s1[i] = spe == null ? 0 : spe.scale(sigma, s0);
            int row = batch[i];
            boolean duplicated =
                    dup != null && dup.applies(nearest.get(i).index(), () -> found.neighbours(row));
            s2[i] = duplicated ? dup.scale(sigma, s0, s1[i]) : 0;
        }
        NDArray delta = spe == null ? null : spe.delta(armed, s1);
        int[] places = nearest.stream().mapToInt(Neighbour::index).toArray();
        NDArray more = dup == null ? null : dup.delta(armed, places, s2);
        if (delta == null || more == null) {
            return delta == null ? more : delta;
        }
        return delta.add(more);
    }

    private Images images(Step step) {
        return Autograd.off(() -> Images.from(decode(step.x0Hat())));
    }

    private NDArray decode(NDArray x0Hat) {
        return decoder == null ? x0Hat : decoder.decode.apply(x0Hat);
    }

    private void keep(Step step, double tau, double lambdaT, List<Neighbour> nearest) {
        if (record == null) {
            return;
        }
        int done = step.steps() - 1 - step.remaining();
        for (int i = 0; i < nearest.size(); i++) {
            Neighbour near = nearest.get(i);
            boolean armed = near.similarity() > lambdaT;
            long seed = step.seeds().at(i);
            record.add(seed, done, tau, near.index(), near.similarity(), lambdaT, armed);
        }
    }

    @Override
    public JsonObject spec() {
        JsonObject spec = new JsonObject();
        spec.addProperty("kind", "amg-1");
        spec.add("similarity", similarity.spec());
        spec.add("threshold", threshold.spec());
        if (strength instanceof Strength.Constant one) {
            spec.addProperty("scale", one.c3());
        } else {
            spec.add("strength", strength.spec());
        }
        spec.addProperty("gradient", mode.name());
        if (decoder != null) {
            spec.addProperty("decoder", decoder.name);
        }
        if (spe != null) {
            spec.add("despecification", spe.spec());
        }
        if (dup != null) {
            spec.add("deduplication", dup.spec());
        }
        return spec;
    }

    private static void notNegative(String name, double value) {
        if (!(value >= 0 && Double.isFinite(value))) {
            throw new IllegalArgumentException(name + ": " + value + "; at least 0 is legal");
        }
    }
}
