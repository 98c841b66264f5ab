package memoria.golden;

import ai.djl.ndarray.NDArray;
import com.google.gson.JsonObject;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import memoria.diffusion.Condition;
import memoria.diffusion.Forward;
import memoria.diffusion.Gaussian;
import memoria.diffusion.Losses;
import memoria.diffusion.NoiseSchedule;
import memoria.diffusion.Prediction;
import memoria.diffusion.Reverse;
import memoria.diffusion.Variance;
import memoria.golden.GoldenCase.Tolerance;
import memoria.network.NetworkDenoiser;
import memoria.network.UNet;
import memoria.network.UNetGolden;
import memoria.torch.Autograd;
import memoria.torch.Ops;
import memoria.torch.Scalars;

/** {@code iddpm_steps_*}: single steps of the forward and reverse process, losses, and gradients of a loss. */
public final class StepsGolden implements GoldenFamily {

    private static final Pattern MOMENTS =
            Pattern.compile(
                    "p_mv_(?:(fixed_large|fixed_small)_)?(clip|noclip)_(mean|variance|log_variance|pred_xstart)");
    private static final Pattern DRAW =
            Pattern.compile("p_sample_(?:(fixed_large|fixed_small)_)?(clip|noclip)");
    private static final Pattern DDIM = Pattern.compile("ddim_eta([\\d.]+)_(clip|noclip)");
    private static final Pattern INVERSE = Pattern.compile("ddim_reverse_(clip|noclip)");
    private static final Pattern LOSS =
            Pattern.compile("train_((?:RESCALED_)?(?:MSE|KL))_(loss|mse|vb)");

    @Override
    public boolean serves(String caseName) {
        return caseName.startsWith("iddpm_steps_");
    }

    @Override
    public void compare(GoldenCase golden) {
        Autograd.off(
                () -> {
                    new Comparison(golden).all();
                    return null;
                });
    }

    /** One case: its inputs, and the model's two predictions. */
    private static final class Comparison {
        private final GoldenCase golden;
        private final NoiseSchedule schedule;
        private final Forward q;
        private final Reverse p;
        private final UNet net;
        private final NetworkDenoiser model;
        private final int[] index;
        private final double[] t;
        private final NDArray x0;
        private final NDArray xt;
        private final NDArray qNoise;
        private final NDArray stepNoise;
        private final Condition y;
        private final Prediction prediction;

        Comparison(GoldenCase golden) {
            this.golden = golden;
            JsonObject constants = golden.constants();
            schedule = ScheduleGolden.schedule(constants);
            q = new Forward(schedule);
            p = new Reverse(schedule);
            net = UNetGolden.unet(golden, constants, schedule);
            x0 = golden.input("x0");
            xt = golden.input("x");
            qNoise = golden.input("q_noise");
            stepNoise = golden.input("step_noise");
            index = Arrays.stream(golden.integers("t")).mapToInt(Math::toIntExact).toArray();
            t = Arrays.stream(index).asDoubleStream().toArray();
            y = golden.has("y") ? Condition.classes(golden.integers("y")) : Condition.none();
            model = new NetworkDenoiser(net, schedule, xt.getShape().slice(1), new JsonObject());
            prediction = golden.has("model_out") ? recorded() : model.predict(xt, t, y);
        }

        /** The formulas are judged on the peer's own prediction where it is recorded: some divide its rounding by sqrt(alphaBar). */
        private Prediction recorded() {
            NDArray out = golden.input("model_out");
            long channels = xt.getShape().get(1);
            long extra = out.getShape().get(1) - channels;
            NDArray epsilon = Ops.narrow(out, 1, 0, channels);
            return new Prediction(epsilon, extra == 0 ? null : Ops.narrow(out, 1, channels, extra));
        }

        void all() {
            for (String tensor : golden.names()) {
                if (tensor.startsWith("grad.")) {
                    continue;
                }
                NDArray ours = compute(tensor);
                if (ours != null) {
                    golden.check(tensor, ours, row -> tolerance(tensor, row));
                }
            }
            gradients();
        }

        /** An unclipped x0-hat near the end of the schedule is a difference of large numbers. */
        private Tolerance tolerance(String tensor, int row) {
            boolean free = tensor.contains("noclip");
            boolean near = row < index.length && index[row] >= 0.9 * schedule.steps();
            return free && near ? golden.tolerance("noclip") : golden.tolerance();
        }

        private NDArray compute(String tensor) {
            switch (tensor) {
                case "model_out":
                    Prediction own = model.predict(xt, t, y);
                    return own.variance() == null
                            ? own.epsilon()
                            : Ops.cat(List.of(own.epsilon(), own.variance()), 1);
                case "q_sample":
                    return q.sample(x0, t, qNoise);
                case "q_mean":
                    return q.marginal(x0, t).mean();
                case "q_var":
                    return q.marginal(x0, t).variance();
                case "q_logvar":
                    return q.marginal(x0, t).logVariance();
                case "post_mean":
                    return q.posterior(x0, xt, index).mean();
                case "post_var":
                    return q.posterior(x0, xt, index).variance();
                case "post_logvar":
                    return q.posterior(x0, xt, index).logVariance();
                default:
                    return step(tensor);
            }
        }

        private NDArray step(String tensor) {
            Matcher moments = MOMENTS.matcher(tensor);
            if (moments.matches()) {
                Gaussian g = transition(moments.group(1), moments.group(2));
                return switch (moments.group(3)) {
                    case "mean" -> g.mean();
                    case "variance" -> g.variance();
                    case "log_variance" -> g.logVariance();
                    default -> x0Hat(moments.group(2));
                };
            }
            Matcher draw = DRAW.matcher(tensor);
            if (draw.matches()) {
                return p.draw(transition(draw.group(1), draw.group(2)), index, stepNoise);
            }
            Matcher ddim = DDIM.matcher(tensor);
            if (ddim.matches()) {
                NDArray x0Hat = x0Hat(ddim.group(2));
                double eta = Double.parseDouble(ddim.group(1));
                return p.ddim(x0Hat, p.epsilon(xt, x0Hat, t), index, eta, stepNoise);
            }
            Matcher inverse = INVERSE.matcher(tensor);
            if (inverse.matches()) {
                NDArray x0Hat = x0Hat(inverse.group(1));
                return p.ddimInverse(x0Hat, p.epsilon(xt, x0Hat, t), index);
            }
            Matcher loss = LOSS.matcher(tensor);
            return loss.matches() ? loss(loss.group(1), loss.group(2)) : null;
        }

        private NDArray x0Hat(String clip) {
            NDArray x0Hat = p.x0Hat(xt, prediction.epsilon(), t);
            return clip.equals("clip") ? Reverse.clip(x0Hat) : x0Hat;
        }

        private Gaussian transition(String kind, String clip) {
            Variance variance =
                    kind == null
                            ? Variance.OF_MODEL
                            : Variance.valueOf(kind.toUpperCase(Locale.ROOT));
            return p.ddpm(xt, x0Hat(clip), index, variance, prediction.variance());
        }

        private NDArray loss(String kind, String term) {
            NDArray noisy = q.sample(x0, t, qNoise);
            Prediction ofNoisy = model.predict(noisy, t, y);
            Losses losses = new Losses(schedule, Variance.OF_MODEL);
            if (kind.endsWith("KL")) {
                NDArray bound = losses.bound(x0, noisy, index, ofNoisy);
                return kind.equals("KL") ? bound : Scalars.mul(bound, schedule.steps());
            }
            if (ofNoisy.variance() == null) {
                return Losses.mse(ofNoisy.epsilon(), qNoise);
            }
            Losses.Hybrid hybrid = losses.hybrid(x0, noisy, qNoise, index, ofNoisy);
            NDArray bound =
                    kind.equals("MSE")
                            ? Scalars.mul(hybrid.bound(), 1000.0 / schedule.steps())
                            : hybrid.bound();
            return switch (term) {
                case "mse" -> hybrid.mse();
                case "vb" -> bound;
                default -> hybrid.mse().add(bound);
            };
        }

        private void gradients() {
            List<String> wanted =
                    golden.names().stream().filter(name -> name.startsWith("grad.")).toList();
            if (wanted.isEmpty()) {
                return;
            }
            net.params().setRequiresGradient(true);
            List<NDArray> leaves =
                    wanted.stream().map(name -> net.params().all().get(name.substring(5))).toList();
            List<NDArray> gradients =
                    Autograd.on(
                            () -> {
                                NDArray noisy = q.sample(x0, t, qNoise);
                                NDArray epsilon = model.predict(noisy, t, y).epsilon();
                                return Autograd.grads(Losses.mse(epsilon, qNoise).mean(), leaves);
                            });
            for (int i = 0; i < wanted.size(); i++) {
                golden.check(wanted.get(i), gradients.get(i));
            }
        }
    }
}
