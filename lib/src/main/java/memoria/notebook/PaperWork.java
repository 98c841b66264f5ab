package memoria.notebook;

import java.util.Locale;
import java.util.Optional;
import java.util.function.ToIntFunction;

/**
 * How often a notebook's {@code paper} profile evaluates the UNet of the published model it names: what decides how long it takes. What a
 * gradient through the network costs is counted as three evaluations; trainings of other networks, and searches, are left out.
 *
 * @param what is computed
 * @param passes evaluations of the UNet for one image
 */
record PaperWork(String what, double passes) {

    private static final int GRADIENT = 3;

    /** Classifier-free guidance asks with the prompt and without. */
    private static final int GUIDED = 2;

    /** Where a notebook states no number: the steps that Stable Diffusion is sampled in. */
    private static final int STEPS = 50;

    /**
     * The work of a notebook.
     *
     * @param notebook its name
     * @param n the value of a parameter of its parameters cell
     * @return empty for a notebook that names no published model
     */
    static Optional<PaperWork> of(String notebook, ToIntFunction<String> n) {
        ToIntFunction<String> own = name -> n.applyAsInt("own" + name);
        return Optional.ofNullable(
                switch (notebook) {
                    case "00-quickstart" ->
                            new PaperWork(
                                    images(own.applyAsInt("Images"), n.applyAsInt("steps")),
                                    (double) own.applyAsInt("Images") * n.applyAsInt("steps"));
                    case "01-diffusion-on-the-jvm" ->
                            new PaperWork(
                                    "three samplers, each "
                                            + images(
                                                    own.applyAsInt("Images"),
                                                    own.applyAsInt("Steps")),
                                    3.0 * own.applyAsInt("Images") * own.applyAsInt("Steps"));
                    case "03-image-lid" -> lid(n);
                    case "04-anti-memorization-guidance" ->
                            new PaperWork(
                                    images(own.applyAsInt("Images"), n.applyAsInt("steps"))
                                            + ", unguided and by two guidances",
                                    (1.0 + 2 * GRADIENT)
                                            * own.applyAsInt("Images")
                                            * n.applyAsInt("steps"));
                    case "05-side-extraction" ->
                            new PaperWork(
                                    String.format(
                                            Locale.ROOT,
                                            "%,d images to learn from, then two methods, each %s",
                                            n.applyAsInt("synthetic"),
                                            images(
                                                    own.applyAsInt("Images"),
                                                    n.applyAsInt("steps"))),
                                    (n.applyAsInt("synthetic") + 2.0 * own.applyAsInt("Images"))
                                            * n.applyAsInt("steps"));
                    case "07-stable-diffusion" ->
                            new PaperWork("a picture of each prompt", 4.0 * STEPS * GUIDED);
                    case "08-text-detection" ->
                            // Two norms of two evaluations, three dimensions of which one takes
                            // two.
                            new PaperWork(
                                    String.format(
                                            Locale.ROOT,
                                            "five measures of two sets, %,d pictures each at most",
                                            n.applyAsInt("others")),
                                    2.0 * n.applyAsInt("others") * (2 * GUIDED + 4 * GRADIENT));
                    case "09-token-attribution-and-mitigation" ->
                            new PaperWork(
                                    "three prompts: their words blamed by three metrics, and worded anew",
                                    3.0 * n.applyAsInt("steps") * GUIDED * (2 + 3 * GRADIENT));
                    case "10-anti-memorization-text" ->
                            new PaperWork(
                                    "500 prompts, a picture of each without and with guidance",
                                    500 * (1.0 + GRADIENT) * n.applyAsInt("steps") * GUIDED);
                    case "11-extended-side" ->
                            new PaperWork(
                                    "fine-tuning on 24 pictures, and 4 answers to 48 prompts",
                                    24.0 * n.applyAsInt("perPicture") * 4 * GRADIENT
                                            + 4.0 * 48 * n.applyAsInt("steps") * GUIDED);
                    default -> null;
                });
    }

    private static PaperWork lid(ToIntFunction<String> n) {
        int images = n.applyAsInt("ownImages");
        int steps = n.applyAsInt("ownSteps");
        double each = n.applyAsInt("scores") + GRADIENT * n.applyAsInt("probes");
        return new PaperWork(
                images(images, steps) + ", the dimensions of some of them",
                (double) images * steps + 2 * n.applyAsInt("few") * each);
    }

    private static String images(int count, int steps) {
        return String.format(Locale.ROOT, "%,d images in %d steps", count, steps);
    }
}
