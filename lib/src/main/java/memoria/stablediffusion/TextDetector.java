package memoria.stablediffusion;

import ai.djl.ndarray.NDArray;
import java.util.Arrays;
import java.util.List;
import memoria.data.Images;
import memoria.diffusion.Condition;
import memoria.diffusion.Denoiser;
import memoria.diffusion.Guided;
import memoria.lid.CfgNorm;
import memoria.lid.Estimator;
import memoria.lid.Flipd;
import memoria.lid.NoiseLevel;
import memoria.metrics.Roc;
import memoria.progress.Progress;
import memoria.torch.Autograd;
import memoria.torch.Scope;

/**
 * The measures by which the LID paper finds memorized images of a text-to-image model (Sec. 4.1, Fig. 6, App. C.1), all in latent space:
 * real images with their captions c go in, a number each comes out.
 *
 * <pre>{@code
 * double[] norms = TextDetector.CFG_NORM.of(model.denoiser(), model.prompts(), latents, captions, NoiseLevel.std(0.3));
 * Roc roc = TextDetector.CFG_NORM.roc(images, norms, "planted");
 * }</pre>
 */
public enum TextDetector {
    /** {@code |s(x_t0; c) - s(x_t0; none)|} at the end of 3 Euler steps of the conditional probability flow from x to t0 (C.1). */
    CFG_NORM("CFG norm", true) {
        @Override
        double[] measure(Setting s) {
            return ask(CfgNorm.at(s.t0).flow(FLOW), s.guided(), s.x, s.captions()).cfg();
        }
    },
    /** {@code |s^CFG(x_t0; c)|}, the CFG-adjusted score at the same point (Eq. 2). */
    SCORE_NORM("score norm", true) {
        @Override
        double[] measure(Setting s) {
            return ask(CfgNorm.at(s.t0).flow(FLOW), s.guided(), s.x, s.captions()).score();
        }
    },
    /** FLIPD of the unconditional model (Eq. 6): it needs no caption. */
    FLIPD("FLIPD, unconditional", false) {
        @Override
        double[] measure(Setting s) {
            return ask(s.flipd(), s.model, s.x, s.prompts.empty()).lid();
        }
    },
    /** FLIPD of the model under the caption. */
    FLIPD_CONDITIONAL("FLIPD, conditional", false) {
        @Override
        double[] measure(Setting s) {
            return ask(s.flipd(), s.model, s.x, s.captions()).lid();
        }
    },
    /** FLIPD of the CFG-adjusted model (Eq. 26). */
    FLIPD_CFG("FLIPD, CFG-adjusted", false) {
        @Override
        double[] measure(Setting s) {
            return ask(s.flipd(), s.guided(), s.x, s.captions()).lid();
        }
    };

    private static final int FLOW = 3;
    private static final double SCALE = 7.5;

    /** Latents asked about at once: 64, and fewer where they are large, for a graph is kept of each. */
    private static final int LARGEST = 64;

    private static final long NUMBERS = 65_536;

    /** What a measure depends on. */
    private record Setting(
            Denoiser model,
            Prompts prompts,
            NDArray x,
            List<String> texts,
            NoiseLevel t0,
            int probes) {

        Condition captions() {
            return prompts.of(texts.toArray(String[]::new));
        }

        Denoiser guided() {
            return new Guided(model, prompts.empty(), SCALE);
        }

        Flipd flipd() {
            return Flipd.at(t0).gaussian(probes);
        }
    }

    /** One batch's answer, without a progress bar of its own. */
    private static <R> R ask(
            Estimator<R> estimator, Denoiser model, NDArray x, Condition condition) {
        int rows = Math.toIntExact(x.getShape().get(0));
        return estimator.result(
                estimator.measure(model, x, condition.fit(rows)),
                Math.toIntExact(model.item().size()));
    }

    private final String label;
    private final boolean high;

    TextDetector(String label, boolean high) {
        this.label = label;
        this.high = high;
    }

    abstract double[] measure(Setting setting);

    /**
     * Measures real images, with the paper's guidance of 7.5 and one probe.
     *
     * @param model of latents, reads prompts
     * @param prompts its text encoder
     * @param latents of the images, as the model sees them
     * @param captions one per image; those that need none do not look
     * @param t0 noise level
     * @return one per image
     * @throws IllegalArgumentException if the counts differ or the level does not fit
     */
    public double[] of(
            Denoiser model, Prompts prompts, Images latents, List<String> captions, NoiseLevel t0) {
        return sweep(model, prompts, latents, captions, 1, t0)[0];
    }

    /**
     * As above at several noise levels, with more probes of Hutchinson's trace.
     *
     * @param model of latents, reads prompts
     * @param prompts its text encoder
     * @param latents of the images, as the model sees them
     * @param captions one per image
     * @param probes at least 1; the norms need none
     * @param levels of noise, at least one
     * @return a row per level, in it a number per image
     * @throws IllegalArgumentException if counts or shapes differ, a level does not fit, there is none, or probes is below 1
     * @throws memoria.progress.Interrupted if the thread is interrupted
     */
    public double[][] sweep(
            Denoiser model,
            Prompts prompts,
            Images latents,
            List<String> captions,
            int probes,
            NoiseLevel... levels) {
        require(model, latents, captions, levels);
        int batch = (int) Math.max(1, Math.min(LARGEST, NUMBERS / model.item().size()));
        double[][] all = new double[levels.length][latents.count()];
        try (Progress progress = Progress.start(label, (long) levels.length * latents.count())) {
            for (int level = 0; level < levels.length; level++) {
                NoiseLevel t0 = levels[level];
                for (int from = 0; from < latents.count(); from += batch) {
                    Progress.checkpoint();
                    int to = Math.min(from + batch, latents.count());
                    Images some = latents.slice(from, to);
                    List<String> texts = captions.subList(from, to);
                    // Latents and embeddings end with the scope.
                    double[] part =
                            Autograd.off(
                                    () ->
                                            Scope.use(
                                                    () ->
                                                            measure(
                                                                    new Setting(
                                                                            model,
                                                                            prompts,
                                                                            some.tensor(
                                                                                    model
                                                                                            .manager()),
                                                                            texts,
                                                                            t0,
                                                                            probes))));
                    System.arraycopy(part, 0, all[level], from, part.length);
                    progress.at((long) level * latents.count() + to);
                }
            }
        }
        return all;
    }

    private static void require(
            Denoiser model, Images latents, List<String> captions, NoiseLevel... levels) {
        if (captions.size() != latents.count() || latents.count() == 0) {
            throw new IllegalArgumentException(
                    "captions: "
                            + captions.size()
                            + " for "
                            + latents.count()
                            + " images; one each, and at least one, is needed");
        }
        if (!latents.item().equals(model.item())) {
            throw new IllegalArgumentException(
                    "latents: of shape " + latents.item() + "; the model takes " + model.item());
        }
        latents.requireFinite("latents");
        if (levels.length == 0) {
            throw new IllegalArgumentException("levels: none; at least one is needed");
        }
    }

    /**
     * Whether memorized images have large values; else they have small ones.
     *
     * @return true for norms, false for dimensions
     */
    public boolean isHigh() {
        return high;
    }

    /**
     * How well a measurement tells one source from others.
     *
     * @param images what was measured
     * @param measured one number per image
     * @param memorized the source to be found
     * @param others the sources it is told from; all others if none is named
     * @return the curve
     * @throws IllegalArgumentException if there is no such source or the number of measurements differs
     */
    public Roc roc(CaptionedImages images, double[] measured, String memorized, String... others) {
        double[] found = images.of(memorized, measured);
        double[] rest =
                others.length == 0
                        ? images.except(memorized, measured)
                        : Arrays.stream(others)
                                .flatMapToDouble(o -> Arrays.stream(images.of(o, measured)))
                                .toArray();
        return high ? Roc.of(found, rest) : Roc.ofLow(found, rest);
    }

    /** What it is called in the paper. */
    @Override
    public String toString() {
        return label;
    }
}
