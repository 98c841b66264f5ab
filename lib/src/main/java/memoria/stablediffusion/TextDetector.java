package memoria.stablediffusion;

import java.util.Arrays;
import java.util.List;
import memoria.data.Images;
import memoria.diffusion.Condition;
import memoria.diffusion.Denoiser;
import memoria.diffusion.Guided;
import memoria.lid.CfgNorm;
import memoria.lid.Flipd;
import memoria.lid.NoiseLevel;
import memoria.metrics.Roc;
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
            return CfgNorm.at(s.t0).flow(FLOW).of(s.guided(), s.latents, s.captions()).cfg();
        }
    },
    /** {@code |s^CFG(x_t0; c)|}, the CFG-adjusted score at the same point (Eq. 2). */
    SCORE_NORM("score norm", true) {
        @Override
        double[] measure(Setting s) {
            return CfgNorm.at(s.t0).flow(FLOW).of(s.guided(), s.latents, s.captions()).score();
        }
    },
    /** FLIPD of the unconditional model (Eq. 6): it needs no caption. */
    FLIPD("FLIPD, unconditional", false) {
        @Override
        double[] measure(Setting s) {
            return s.flipd().of(s.model, s.latents, s.prompts.empty()).lid();
        }
    },
    /** FLIPD of the model under the caption. */
    FLIPD_CONDITIONAL("FLIPD, conditional", false) {
        @Override
        double[] measure(Setting s) {
            return s.flipd().of(s.model, s.latents, s.captions()).lid();
        }
    },
    /** FLIPD of the CFG-adjusted model (Eq. 26). */
    FLIPD_CFG("FLIPD, CFG-adjusted", false) {
        @Override
        double[] measure(Setting s) {
            return s.flipd().of(s.guided(), s.latents, s.captions()).lid();
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
            Images latents,
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
        return of(model, prompts, latents, captions, t0, 1);
    }

    /**
     * As above, with more probes of Hutchinson's trace.
     *
     * @param model of latents, reads prompts
     * @param prompts its text encoder
     * @param latents of the images, as the model sees them
     * @param captions one per image
     * @param t0 noise level
     * @param probes at least 1; the norms need none
     * @return one per image
     * @throws IllegalArgumentException if the counts differ, the level does not fit or probes is below 1
     */
    public double[] of(
            Denoiser model,
            Prompts prompts,
            Images latents,
            List<String> captions,
            NoiseLevel t0,
            int probes) {
        if (captions.size() != latents.count()) {
            throw new IllegalArgumentException(
                    "captions: "
                            + captions.size()
                            + " for "
                            + latents.count()
                            + " images; one each is needed");
        }
        int batch = (int) Math.max(1, Math.min(LARGEST, NUMBERS / model.item().size()));
        double[] all = new double[latents.count()];
        for (int from = 0; from < all.length; from += batch) {
            int to = Math.min(from + batch, all.length);
            Images some = latents.slice(from, to);
            List<String> texts = captions.subList(from, to);
            // The embeddings of the captions end with the scope.
            double[] part =
                    Scope.use(() -> measure(new Setting(model, prompts, some, texts, t0, probes)));
            System.arraycopy(part, 0, all, from, part.length);
        }
        return all;
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
