package memoria.stablediffusion;

import ai.djl.ndarray.NDArray;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import memoria.data.Images;
import memoria.diffusion.Condition;
import memoria.diffusion.Ddim;
import memoria.diffusion.Denoiser;
import memoria.diffusion.Guided;
import memoria.diffusion.Samples;
import memoria.diffusion.Seeds;

/**
 * Prompts on their way to pictures: every prompt with every seed, and the noisy x_t of each step. What the metrics of a condition are
 * averaged over (LID paper, D.2), made once for several of them.
 *
 * <p>Row {@code p * seeds.count() + s} belongs to prompt p and seed s.
 */
public final class PromptRuns {

    private final Prompts prompts;
    private final Guided model;
    private final List<String> texts;
    private final Seeds seeds;
    private final Samples samples;

    private PromptRuns(
            Prompts prompts, Guided model, List<String> texts, Seeds seeds, Samples samples) {
        this.prompts = prompts;
        this.model = model;
        this.texts = texts;
        this.seeds = seeds;
        this.samples = samples;
    }

    /**
     * Samples all prompts by DDIM, with guidance against the empty prompt, and keeps every step.
     *
     * @param prompts embeds the texts
     * @param denoiser reads the embeddings
     * @param guidance w
     * @param steps of DDIM; 50 in the papers
     * @param seeds of each prompt; the papers' code takes 4, and 1 for A^FLIPD
     * @param texts at least one prompt
     * @return the runs
     * @throws IllegalArgumentException if there is no prompt or no seed
     * @throws memoria.progress.Interrupted if the thread was interrupted
     */
    public static PromptRuns of(
            Prompts prompts,
            Denoiser denoiser,
            double guidance,
            int steps,
            Seeds seeds,
            List<String> texts) {
        if (texts.isEmpty()) {
            throw new IllegalArgumentException("texts: no prompt; at least one is needed");
        }
        Guided model = new Guided(denoiser, prompts.empty(), guidance);
        long[] each = new long[texts.size() * seeds.count()];
        for (int row = 0; row < each.length; row++) {
            each[row] = seeds.at(row % seeds.count());
        }
        List<String> rows = rows(texts, seeds.count());
        try (NDArray own = embed(prompts, rows)) {
            Samples samples =
                    Ddim.steps(steps)
                            .clip(false)
                            .recording(true)
                            .sample(model, Seeds.of(each), Condition.embedding(own));
            if (!samples.complete()) {
                memoria.progress.Progress.checkpoint();
            }
            return new PromptRuns(prompts, model, List.copyOf(texts), seeds, samples);
        }
    }

    private static List<String> rows(List<String> texts, int seeds) {
        List<String> rows = new ArrayList<>();
        texts.forEach(text -> IntStream.range(0, seeds).forEach(s -> rows.add(text)));
        return rows;
    }

    private static NDArray embed(Prompts prompts, List<String> texts) {
        return ((Condition.Embedding) prompts.of(texts.toArray(String[]::new))).tensor();
    }

    /** The embeddings of some rows' prompts, in the caller's scope. */
    Condition.Embedding condition(int from, int to) {
        List<String> rows = rows(texts, seeds.count()).subList(from, to);
        return (Condition.Embedding) Condition.embedding(embed(prompts, rows));
    }

    /**
     * The prompts.
     *
     * @return as given
     */
    public List<String> texts() {
        return texts;
    }

    /**
     * The seeds of each prompt.
     *
     * @return as given
     */
    public Seeds seeds() {
        return seeds;
    }

    /**
     * The guided model that was sampled.
     *
     * @return with visible branches
     */
    public Guided model() {
        return model;
    }

    /**
     * Between prompts and embeddings.
     *
     * @return as given
     */
    public Prompts prompts() {
        return prompts;
    }

    /**
     * The steps, noisiest first.
     *
     * @return their times and x_t, one row per prompt and seed
     */
    public List<Samples.Moment> moments() {
        return samples.trajectory();
    }

    /**
     * What the runs ended in: latents for a latent model.
     *
     * @return one per prompt and seed
     */
    public Images images() {
        return samples.images();
    }
}
