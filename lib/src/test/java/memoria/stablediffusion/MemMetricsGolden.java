package memoria.stablediffusion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import memoria.diffusion.Condition;
import memoria.diffusion.Ddim;
import memoria.diffusion.Guided;
import memoria.diffusion.NoiseSchedule;
import memoria.diffusion.NoiseSource;
import memoria.diffusion.Sampler;
import memoria.diffusion.Samples;
import memoria.diffusion.Seeds;
import memoria.golden.GoldenCase;
import memoria.golden.GoldenFamily;
import memoria.lid.ConditionMetric;
import memoria.lid.Flipd;
import memoria.lid.NoiseLevel;
import memoria.network.NetworkDenoiser;
import memoria.network.Params;
import memoria.network.UNetConfig;
import memoria.torch.Autograd;
import memoria.torch.Ops;
import memoria.torch.Scalars;
import memoria.torch.Tensors;

/** {@code mem_metrics}: norms along a run, gradients for tokens, and optimized prompts, of the pipeline that the LID paper's text part used. */
public final class MemMetricsGolden implements GoldenFamily {

    private static final Pattern GRADIENT =
            Pattern.compile("textgrad_(cfg_norm|score_norm|flipd)_(\\w+?)_(loss|token_grads)");
    private static final Pattern OPTIMIZED =
            Pattern.compile("aug_(cfg_norm|score_norm|flipd)_(\\w+?)_losses");

    /** Share of a gradient's largest entry that two programs' rounding may make of 0. */
    private static final float ROUNDING = 1e-5f;

    @Override
    public boolean serves(String caseName) {
        return caseName.startsWith("mem_metrics");
    }

    @Override
    public void compare(GoldenCase golden) {
        new Comparison(golden).run();
    }

    private static final class Comparison {
        private final GoldenCase golden;
        private final JsonObject constants;
        private final NetworkDenoiser model;
        private final NDArray text;
        private final NDArray none;
        private final NDArray latents;
        private final double scale;
        private final Ddim ddim;
        private final NDArray probe;

        Comparison(GoldenCase golden) {
            this.golden = golden;
            constants = golden.constants();
            UNetConfig config = DiffusersConfig.unet(constants.getAsJsonObject("unet"));
            NameMap names = NameMap.diffusers(config);
            Map<String, NDArray> weights = new LinkedHashMap<>();
            golden.weights()
                    .forEach(
                            (theirs, w) -> {
                                String name = names.ours(theirs).orElseThrow();
                                weights.put(name, names.fit(name, w));
                            });
            latents = golden.input("latents");
            NoiseSchedule schedule =
                    NoiseSchedule.scaledLinear(
                            Math.toIntExact(golden.shape("alphas_cumprod").get(0)),
                            number("beta_start", 0.00085),
                            number("beta_end", 0.012));
            model =
                    new NetworkDenoiser(
                            config.build(Params.of(golden.manager(), weights)),
                            schedule,
                            latents.getShape().slice(1),
                            new JsonObject());
            text = golden.input("text_embeds");
            none = golden.input("uncond_embeds");
            scale = constants.get("guidance_scale").getAsDouble();
            int steps = constants.get("num_inference_steps").getAsInt();
            String scheduler = constants.get("scheduler").getAsString();
            ddim =
                    Ddim.respaced(
                                    "leading"
                                            + steps
                                            + "+"
                                            + (int) said(scheduler, "steps_offset=(\\d+)", 0))
                            .endingAtFirst(!scheduler.contains("set_alpha_to_one=True"))
                            .clip(false)
                            .recording(true);
            probe = golden.input("hutchinson_v");
        }

        private double number(String key, double absent) {
            return constants.has(key) ? constants.get(key).getAsDouble() : absent;
        }

        void run() {
            golden.check("alphas_cumprod", model.schedule().alphaBars());
            track();
            parts();
            for (String tensor : golden.names()) {
                Matcher gradient = GRADIENT.matcher(tensor);
                if (gradient.matches()) {
                    gradient(tensor, gradient.group(1), gradient.group(2), gradient.group(3));
                }
                Matcher optimized = OPTIMIZED.matcher(tensor);
                if (optimized.matches()) {
                    optimize(tensor, optimized.group(1), optimized.group(2));
                }
            }
        }

        private Guided guided() {
            return new Guided(model, Condition.embedding(none), scale);
        }

        private Samples walk(NDArray start) {
            NoiseSource recorded =
                    (manager, stream, seeds, step, shape) -> {
                        if (!stream.equals(Sampler.START)) {
                            throw new IllegalStateException("no noise is drawn on the way");
                        }
                        return start.duplicate();
                    };
            Seeds seeds = Seeds.range(0, start.getShape().get(0));
            return ddim.noise(recorded).sample(guided(), seeds, Condition.embedding(text));
        }

        /** {@code __call__(track_noise_norm)}: norms per image and step. */
        private void track() {
            NDArray start = golden.input("latents_batch3");
            Samples samples = walk(start);
            List<Samples.Moment> moments = samples.trajectory();
            int steps = moments.size();
            int images = samples.images().count();
            double[] times = moments.stream().mapToDouble(Samples.Moment::t).toArray();
            golden.check("track_timesteps", times);
            List<NDArray> xs = new ArrayList<>();
            List<NDArray> texts = new ArrayList<>();
            List<NDArray> nones = new ArrayList<>();
            List<NDArray> all = new ArrayList<>();
            double[] cfg = new double[images * steps];
            double[] empty = new double[images * steps];
            for (int k = 0; k < steps; k++) {
                NDArray x = moments.get(k).xt().tensor(golden.manager());
                double[] t = new double[images];
                Arrays.fill(t, times[k]);
                var said = Autograd.off(() -> guided().predict(x, t, Condition.embedding(text)));
                NDArray unconditional = said.branches().unconditional();
                xs.add(x.expandDims(0));
                texts.add(said.branches().conditional().expandDims(0));
                nones.add(unconditional.expandDims(0));
                all.add(said.epsilon().expandDims(0));
                double[] squares =
                        Autograd.off(
                                () ->
                                        ConditionMetric.cfg()
                                                .of(guided(), x, t[0], Condition.embedding(text))
                                                .toDoubleArray());
                double[] plain = Ops.rowDot(unconditional, unconditional).toDoubleArray();
                for (int i = 0; i < images; i++) {
                    cfg[i * steps + k] = Math.sqrt(squares[i]);
                    empty[i * steps + k] = Math.sqrt(plain[i]);
                }
            }
            golden.check("track_x", Ops.cat(xs, 0));
            golden.check("track_eps_text", Ops.cat(texts, 0));
            golden.check("track_eps_uncond", Ops.cat(nones, 0));
            golden.check("track_guided_eps", Ops.cat(all, 0));
            golden.check("track_final_latents", samples.images().tensor(golden.manager()));
            Shape table = new Shape(images, steps);
            golden.check("track_text_noise_norm", Tensors.of(golden.manager(), cfg, table));
            golden.check("track_uncond_noise_norm", Tensors.of(golden.manager(), empty, table));
        }

        /** The branches and traces at the first latents, from our own formulas. */
        private void parts() {
            double t = golden.integers("t0")[0];
            double[] times = IntStream.range(0, rows()).mapToDouble(i -> t).toArray();
            NDArray leaf = Autograd.leaf(latents);
            Autograd.on(
                    () -> {
                        var said = guided().predict(leaf, times, Condition.embedding(text));
                        NDArray with = said.branches().conditional();
                        NDArray without = said.branches().unconditional();
                        golden.check("eps_text_t0", Ops.detach(with));
                        golden.check("eps_uncond_t0", Ops.detach(without));
                        NDArray guidance = Scalars.mul(with.sub(without), scale);
                        check("vJv_guided_full", said.epsilon(), leaf);
                        check("vJv_peer_cfg_only", guidance, leaf);
                        return null;
                    });
        }

        private int rows() {
            return Math.toIntExact(latents.getShape().get(0));
        }

        private void check(String tensor, NDArray epsilon, NDArray leaf) {
            NDArray product = Autograd.vjp(epsilon, leaf, probe, true);
            golden.check(tensor, Ops.rowDot(product, probe));
        }

        /** {@code target_steps=[3]} of the constant that a tensor's name ends in. */
        private int step(String which) {
            String told = constants.get(which).getAsString();
            return Integer.parseInt(told.replaceAll(".*\\[(\\d+)\\].*", "$1"));
        }

        private ConditionMetric metric(String method) {
            return switch (method) {
                case "cfg_norm" -> ConditionMetric.cfg().norm();
                case "score_norm" -> ConditionMetric.score().norm();
                default -> {
                    NoiseSource recorded =
                            (manager, stream, seeds, step, shape) -> probe.duplicate();
                    Flipd trace = Flipd.at(NoiseLevel.index(0)).gaussian(1).noise(recorded);
                    yield ConditionMetric.flipd(trace).norm().traceOfGuidance().heldNorms();
                }
            };
        }

        /** The code minimises: FLIPD enters with a minus and without d. */
        private double[] loss(String method, double value) {
            double d = (double) latents.size();
            return new double[] {method.equals("flipd") ? d - value : value};
        }

        /** {@code get_text_cond_grad}: branches exchanged, gradients averaged with those of the empty prompt, which are 0. */
        private void gradient(String tensor, String method, String which, String what) {
            Samples.Moment at = walk(latents).trajectory().get(step(which));
            var found =
                    metric(method)
                            .swapped()
                            .gradient(
                                    guided(),
                                    at.xt().tensor(golden.manager()),
                                    at.t(),
                                    (Condition.Embedding) Condition.embedding(text));
            if (what.equals("loss")) {
                golden.check(tensor, loss(method, found.value()[0]));
                return;
            }
            NDArray norms = found.gradient().square().sum(new int[] {2}).sqrt();
            golden.check(tensor, Scalars.mul(norms.get(0), 0.5), row -> tolerance(method));
        }

        private GoldenCase.Tolerance tolerance(String method) {
            return method.equals("flipd") ? golden.tolerance("flipd") : golden.tolerance();
        }

        /** {@code aug_prompt}: the branches are the right way round, the score's norm is divided by 1 - alphaBar. */
        private void optimize(String tensor, String method, String which) {
            Samples.Moment at = walk(latents).trajectory().get(step(which));
            ConditionMetric metric = metric(method);
            String told = golden.describe(tensor);
            EmbeddingOptimization.Path path =
                    EmbeddingOptimization.of(
                                    method.equals("score_norm") ? metric.perVariance() : metric)
                            .steps(Math.toIntExact(golden.shape(tensor).get(0)))
                            .learningRate(said(told, "lr (\\d*\\.\\d+)", 0.05))
                            .weightDecay(said(told, "weight_decay (\\d*\\.\\d+)", 0.01))
                            .run(
                                    guided(),
                                    at.xt().tensor(golden.manager()),
                                    at.t(),
                                    (Condition.Embedding) Condition.embedding(text));
            double[] losses =
                    path.values().stream().mapToDouble(v -> loss(method, v[0])[0]).toArray();
            golden.check(
                    tensor,
                    Tensors.of(golden.manager(), losses, golden.shape(tensor)),
                    row -> tolerance(method));
            String history = tensor.replace("_losses", "_embeds");
            List<NDArray> embeddings =
                    IntStream.range(0, path.embeddings().size())
                            .mapToObj(k -> path.after(k, golden.manager()).tensor().expandDims(0))
                            .toList();
            golden.check(
                    history,
                    whereNotZero(history, Ops.cat(embeddings, 0), metric, at),
                    row -> golden.tolerance("embeds"));
        }

        /**
         * Adam's first step is the gradient's sign, which rounding decides where the gradient is 0; the index says so too. There the recorded
         * value stands in.
         */
        private NDArray whereNotZero(
                String history, NDArray ours, ConditionMetric metric, Samples.Moment at) {
            NDArray gradient =
                    metric.gradient(
                                    guided(),
                                    at.xt().tensor(golden.manager()),
                                    at.t(),
                                    (Condition.Embedding) Condition.embedding(text))
                            .gradient()
                            .abs();
            float zero = ROUNDING * gradient.max().getFloat();
            NDArray mask =
                    Ops.cast(gradient.gt(zero), ours.getDataType())
                            .expandDims(0)
                            .broadcast(ours.getShape());
            NDArray recorded = golden.input(history);
            return mask.mul(ours.sub(recorded)).add(recorded);
        }
    }

    private static double said(String text, String pattern, double absent) {
        Matcher found = Pattern.compile(pattern).matcher(text);
        return found.find() ? Double.parseDouble(found.group(1)) : absent;
    }
}
