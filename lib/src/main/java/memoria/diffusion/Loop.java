package memoria.diffusion;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import memoria.data.Images;
import memoria.progress.Interrupted;
import memoria.progress.Progress;
import memoria.torch.Autograd;
import memoria.torch.Scope;

/**
 * What samplers that walk a schedule from noise to image share: their options, and the loop over batches.
 *
 * @param <S> the sampler
 */
abstract sealed class Loop<S extends Loop<S>> implements Sampler permits Ddim, Ddpm, Plms {

    private static final NoiseSource SEEDED = Noise::tensor;

    /** The common options. */
    record Options(
            String respacing,
            boolean clip,
            int batch,
            boolean recording,
            NoiseSource noise,
            List<Guidance> guidances) {

        static Options of(String respacing) {
            return new Options(respacing, true, 64, false, SEEDED, List.of());
        }
    }

    final Options options;
    private final String kind;

    Loop(String kind, Options options) {
        this.kind = kind;
        this.options = options;
    }

    static int positive(int steps) {
        if (steps < 1) {
            throw new IllegalArgumentException("steps: " + steps + "; at least 1 is needed");
        }
        return steps;
    }

    /** This sampler with other options. */
    abstract S with(Options changed);

    /** The part of the model's schedule this sampler walks. */
    NoiseSchedule schedule(NoiseSchedule whole) {
        return whole.respaced(options.respacing);
    }

    /** One step, from a batch whose guidances have answered. */
    abstract Batch.Moved move(Batch batch, Step step, Batch.Bent bent);

    /** Adds to a description what only this sampler has. */
    abstract void describe(JsonObject spec);

    /**
     * Whether x0-hat is limited to [-1, 1] in every step, as is right for images and wrong for latents and points. On by default.
     *
     * @param on true to limit
     * @return a changed copy
     */
    public S clip(boolean on) {
        Options o = options;
        return with(new Options(o.respacing, on, o.batch, o.recording, o.noise, o.guidances));
    }

    /**
     * How many images are made at a time: more take more memory. 64 by default.
     *
     * @param size at least 1
     * @return a changed copy
     * @throws IllegalArgumentException if size is below 1
     */
    public S batch(int size) {
        if (size < 1) {
            throw new IllegalArgumentException("size: " + size + "; a batch has at least 1 image");
        }
        Options o = options;
        return with(new Options(o.respacing, o.clip, size, o.recording, o.noise, o.guidances));
    }

    /**
     * Whether {@link Samples#trajectory} keeps x_t and x0-hat of every step, on the Java heap. Off by default.
     *
     * @param on true to keep them
     * @return a changed copy
     */
    public S recording(boolean on) {
        Options o = options;
        return with(new Options(o.respacing, o.clip, o.batch, on, o.noise, o.guidances));
    }

    /**
     * Where noise comes from. By default {@link Noise#tensor}: image i depends on seed i alone.
     *
     * @param source of x_T and of the noise of single steps
     * @return a changed copy, which has no {@link #spec}
     */
    public S noise(NoiseSource source) {
        Options o = options;
        return with(new Options(o.respacing, o.clip, o.batch, o.recording, source, o.guidances));
    }

    /**
     * Adds guidances.
     *
     * @param added asked at every step, with whole batches; their answers are summed
     * @return a changed copy
     */
    public S guidedBy(Guidance... added) {
        Options o = options;
        List<Guidance> all = new ArrayList<>(o.guidances);
        all.addAll(List.of(added));
        return with(
                new Options(o.respacing, o.clip, o.batch, o.recording, o.noise, List.copyOf(all)));
    }

    @Override
    public JsonObject spec() {
        if (options.noise != SEEDED) {
            throw new IllegalStateException(
                    "noise: a source of its own cannot be described, so neither can the sampler");
        }
        JsonObject spec = Spec.of(kind, "respacing", options.respacing, "clip", options.clip);
        describe(spec);
        if (!options.guidances.isEmpty()) {
            JsonArray list = new JsonArray();
            options.guidances.forEach(guidance -> list.add(guidance.spec()));
            spec.add("guidances", list);
            spec.addProperty("batch", options.batch);
        }
        return spec;
    }

    @Override
    public Samples sample(Denoiser model, Seeds seeds, Condition condition) {
        if (seeds.count() == 0) {
            throw new IllegalArgumentException("seeds: none; at least one is needed");
        }
        boolean each = condition.rows() > 1;
        if (each) {
            condition.fit(seeds.count());
        }
        NoiseSchedule schedule = schedule(model.schedule());
        List<Seeds> batches = seeds.batches(options.batch);
        List<Samples> parts = new ArrayList<>();
        String label =
                kind.toUpperCase(Locale.ROOT)
                        + ", "
                        + schedule.steps()
                        + " steps, "
                        + seeds.count()
                        + " images";
        try (Progress progress = Progress.start(label, (long) batches.size() * schedule.steps())) {
            for (Seeds some : batches) {
                int from = parts.size() * options.batch;
                long before = (long) parts.size() * schedule.steps();
                parts.add(
                        quietly(
                                () -> {
                                    Condition own =
                                            each
                                                    ? condition.slice(from, from + some.count())
                                                    : condition.fit(some.count());
                                    return new Batch(this, model, schedule, some, own)
                                            .run(done -> progress.at(before + done));
                                }));
            }
        } catch (Interrupted stop) {
            if (parts.isEmpty()) {
                throw stop;
            }
            // What follows in the reader's cell should stop as well.
            Thread.currentThread().interrupt();
        }
        return join(seeds, parts);
    }

    private static Samples quietly(Supplier<Samples> batch) {
        return Autograd.off(() -> Scope.use(batch));
    }

    private static Samples join(Seeds seeds, List<Samples> parts) {
        Images images = Images.concat(parts.stream().map(Samples::images).toArray(Images[]::new));
        List<Samples.Moment> trajectory =
                IntStream.range(0, parts.get(0).trajectory().size())
                        .mapToObj(
                                k ->
                                        moment(
                                                parts.stream()
                                                        .map(p -> p.trajectory().get(k))
                                                        .toList()))
                        .toList();
        int count = images.count();
        return new Samples(images, seeds.slice(0, count), count == seeds.count(), trajectory);
    }

    private static Samples.Moment moment(List<Samples.Moment> parts) {
        return new Samples.Moment(
                parts.get(0).t(),
                Images.concat(parts.stream().map(Samples.Moment::xt).toArray(Images[]::new)),
                Images.concat(parts.stream().map(Samples.Moment::x0Hat).toArray(Images[]::new)));
    }
}
