package memoria.golden;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleFunction;
import java.util.function.DoubleUnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import memoria.data.Images;
import memoria.diffusion.Condition;
import memoria.diffusion.NoiseSource;
import memoria.lid.Flipd;
import memoria.lid.FlipdValues;
import memoria.lid.FpRegress;
import memoria.lid.NoiseLevel;
import memoria.lid.ProbabilityFlow;
import memoria.torch.Autograd;
import memoria.torch.Ops;
import memoria.torch.Scalars;
import memoria.torch.Tensors;

/** FLIPD and its relatives on a VP-SDE with an MLP: scores, traces, estimates, regression, flows. */
public final class LidVpSdeGolden implements GoldenFamily {

    private static final Pattern WALK =
            Pattern.compile("(forward_ode|reverse_ode|reverse_sde|log_prob)_steps(\\d+)");
    private static final Pattern REGRESS =
            Pattern.compile("fpregress_(default|delta([\\d.]+?)(_num(\\d+))?)");

    /** The peer's smallest time, and where its solvers start unless told otherwise. */
    private static final double BASE_TIME = 1e-4;

    private static final double START = 1e-3;

    @Override
    public boolean serves(String caseName) {
        return caseName.startsWith("lid_flipd_vpsde");
    }

    @Override
    public void compare(GoldenCase golden) {
        new Comparison(golden).run();
    }

    private static final class Comparison {
        private final GoldenCase golden;
        private final VpModel model;
        private final NDArray x;
        private final Images points;
        private final int b;
        private final double[] t;
        private final double[] sigma;

        Comparison(GoldenCase golden) {
            this.golden = golden;
            model = VpModel.of(golden);
            NDArray flat = golden.input("x");
            b = Math.toIntExact(flat.getShape().get(0));
            x = flat.reshape(new Shape(b).addAll(model.item()));
            points = Images.from(x);
            t = golden.input("t").toDoubleArray();
            // The peer computes 1 - exp(-B) in single precision; what it divides by sigma carries
            // that rounding.
            sigma = golden.has("sigma") ? golden.input("sigma").toDoubleArray() : null;
        }

        void run() {
            for (String tensor : golden.names()) {
                if (tensor.startsWith("hutch_v") || tensor.equals("deltas")) {
                    golden.input(tensor);
                }
                one(tensor);
            }
        }

        private void one(String tensor) {
            double d = x.size() / (double) b;
            Matcher walk = WALK.matcher(tensor);
            Matcher regress = REGRESS.matcher(tensor);
            if (walk.matches()) {
                walk(tensor, walk.group(1), Integer.parseInt(walk.group(2)));
                return;
            }
            if (regress.matches()) {
                golden.check(tensor, FpRegress.lid(exact(deltas(regress))));
                return;
            }
            switch (tensor) {
                case "beta" -> golden.check(tensor, each(this::beta));
                case "beta_integral" -> golden.check(tensor, each(s -> -Math.log(alphaBar(s))));
                case "mu_scale" -> golden.check(tensor, each(s -> Math.sqrt(alphaBar(s))));
                case "sigma" -> golden.check(tensor, each(this::noise));
                case "drift" -> perTime(tensor, s -> Scalars.mul(flat(x), -beta(s) / 2));
                case "score" -> golden.check(tensor, perTime(s -> net(x, s), 1));
                case "score_net_at_mu_x" -> perTime(tensor, s -> net(scaled(s), s));
                case "jacobian_at_mu_x" -> perTime(tensor, this::jacobian);
                case "trace_score_net_at_mu_x" ->
                        numbers(tensor, values -> i -> traces(values, i, d));
                case "score_norm_term" -> numbers(tensor, values -> values::norms);
                case "laplacian" -> golden.check(tensor, perTime(this::laplacian, 1));
                case "flipd_deterministic" -> numbers(tensor, values -> values::lid);
                case "flipd_gaussian", "flipd_rademacher" -> hutchinson(tensor);
                case "flipd_default_t" -> golden.check(tensor, exact(level(BASE_TIME)).lid());
                case "delta_to_time" -> golden.check(tensor, times(golden.input("deltas")));
                default -> {}
            }
        }

        private double[] each(DoubleUnaryOperator f) {
            return Arrays.stream(t).map(f).toArray();
        }

        private double alphaBar(double s) {
            return model.schedule().alphaBar(model.index(s));
        }

        private double noise(double s) {
            return model.schedule().noiseStd(model.index(s));
        }

        /** The library's beta is per index. */
        private double beta(double s) {
            return ProbabilityFlow.beta(model.schedule(), model.index(s))
                    * model.schedule().steps()
                    / model.tMax();
        }

        private NDArray flat(NDArray batch) {
            return batch.reshape(b, -1);
        }

        private NDArray scaled(double s) {
            return Scalars.mul(x, Math.sqrt(alphaBar(s)));
        }

        private double[] rows(double s) {
            return DoubleStream.generate(() -> model.index(s)).limit(b).toArray();
        }

        private NDArray net(NDArray at, double s) {
            return flat(Scalars.mul(model.predict(at, rows(s), Condition.none()).epsilon(), -1));
        }

        private void perTime(String tensor, DoubleFunction<NDArray> f) {
            golden.check(tensor, perTime(f, 0));
        }

        /** Stacked over the times, divided by a power of the recorded sigma. */
        private NDArray perTime(DoubleFunction<NDArray> f, int power) {
            List<NDArray> all =
                    IntStream.range(0, t.length)
                            .mapToObj(
                                    i -> {
                                        double s = sigma == null ? noise(t[i]) : sigma[i];
                                        NDArray value = f.apply(t[i]);
                                        return Scalars.mul(value, Math.pow(s, -power))
                                                .expandDims(0);
                                    })
                            .toList();
            return Ops.cat(all, 0);
        }

        private NDArray jacobian(double s) {
            NDArray leaf = Autograd.leaf(scaled(s));
            NDArray y = Autograd.on(() -> net(leaf, s));
            int d = Math.toIntExact(y.getShape().get(1));
            NDArray eye = golden.manager().eye(d);
            List<NDArray> rows =
                    IntStream.range(0, d)
                            .mapToObj(
                                    j -> {
                                        NDArray unit =
                                                Ops.narrow(eye, 0, j, 1).broadcast(y.getShape());
                                        NDArray row = Autograd.vjp(y, leaf, unit, true);
                                        return row.reshape(b, 1, d);
                                    })
                            .toList();
            return Ops.cat(rows, 1);
        }

        /** tr J of the network at x itself: FLIPD's trace at x / mu. */
        private NDArray laplacian(double s) {
            Images unscaled = Images.from(Scalars.mul(x, 1 / Math.sqrt(alphaBar(s))));
            FlipdValues values = Flipd.at(level(s)).exact().of(model, unscaled);
            double[] trace = traces(values, 0, x.size() / (double) b);
            return Tensors.of(golden.manager(), trace, new Shape(b));
        }

        /** From the estimate back to the trace of the network: (FLIPD - d - |net|^2) / sigma. */
        private static double[] traces(FlipdValues values, int level, double d) {
            double[] lid = values.lid(level);
            double[] norm = values.norms(level);
            double s = values.noiseStds()[level];
            return IntStream.range(0, lid.length)
                    .mapToDouble(i -> (lid[i] - d - norm[i]) / s)
                    .toArray();
        }

        private NoiseLevel level(double s) {
            return NoiseLevel.index(model.index(s));
        }

        private FlipdValues exact(NoiseLevel... levels) {
            return Flipd.at(levels).exact().of(model, points);
        }

        private NoiseLevel[] levels() {
            return Arrays.stream(t).mapToObj(this::level).toArray(NoiseLevel[]::new);
        }

        private void numbers(
                String tensor,
                java.util.function.Function<FlipdValues, java.util.function.IntFunction<double[]>>
                        read) {
            check(tensor, read.apply(exact(levels())));
        }

        private void check(String tensor, java.util.function.IntFunction<double[]> ofLevel) {
            double[] all =
                    IntStream.range(0, t.length)
                            .mapToObj(ofLevel)
                            .flatMapToDouble(Arrays::stream)
                            .toArray();
            golden.check(tensor, Tensors.of(golden.manager(), all, new Shape(t.length, b)));
        }

        private void hutchinson(String tensor) {
            NDArray probes = golden.input(tensor.replace("flipd_", "hutch_v_"));
            int count = Math.toIntExact(probes.getShape().get(0)) / b;
            NoiseSource recorded =
                    (manager, stream, seeds, step, item) ->
                            Ops.narrow(probes, 0, step * b, b)
                                    .reshape(new Shape(b).addAll(item))
                                    .duplicate();
            Flipd flipd = Flipd.at(levels()).noise(recorded);
            FlipdValues values =
                    (tensor.endsWith("gaussian") ? flipd.gaussian(count) : flipd.rademacher(count))
                            .of(model, points);
            check(tensor, values::lid);
        }

        private double[] times(NDArray deltas) {
            return Arrays.stream(deltas.toDoubleArray())
                    .map(
                            delta ->
                                    (NoiseLevel.ratio(delta).time(model.schedule()) + 1)
                                            * model.tMax()
                                            / model.schedule().steps())
                    .toArray();
        }

        /** LIDL's choices of noise around a delta. */
        private static NoiseLevel[] deltas(Matcher name) {
            if (name.group(2) == null) {
                return FpRegress.levels();
            }
            double delta = Double.parseDouble(name.group(2));
            if (name.group(4) == null) {
                return FpRegress.levels(delta / 2, delta / 1.41, delta, delta * 1.41, delta * 2);
            }
            int n = Integer.parseInt(name.group(4));
            return FpRegress.levels(
                    IntStream.range(0, n)
                            .mapToDouble(i -> delta / 2 * Math.pow(4, i / (n - 1.0)))
                            .toArray());
        }

        /** The peer's solver takes as many steps as it was told, each as long as if there were one fewer. */
        private double[] path(double from, double to, int steps) {
            return IntStream.rangeClosed(0, steps)
                    .mapToDouble(i -> from + (to - from) * i / (steps - 1))
                    .map(s -> s / model.tMax() * model.schedule().steps() - 1)
                    .map(
                            i ->
                                    Math.abs(i - (model.schedule().steps() - 1)) < 1e-6
                                            ? model.schedule().steps() - 1
                                            : i)
                    .toArray();
        }

        private void walk(String tensor, String kind, int steps) {
            double first = told(tensor, "t", START);
            double last = told(tensor, "t_end", model.tMax());
            ProbabilityFlow flow = new ProbabilityFlow(model, Condition.none());
            double[] up = path(first, last, steps);
            double[] down = path(last, first, steps);
            switch (kind) {
                case "log_prob" -> golden.check(tensor, flow.logDensity(x, up));
                case "forward_ode" -> golden.check(tensor, flat(flow.flow(x, up)));
                case "reverse_ode" -> golden.check(tensor, flat(flow.flow(x, down)));
                default -> {
                    NDArray noise = golden.input("reverse_sde_noise");
                    NDArray end = flow.reverse(x, i -> noise.get(i).reshape(x.getShape()), down);
                    golden.check(tensor, flat(end));
                }
            }
        }

        private double told(String tensor, String name, double otherwise) {
            Matcher found =
                    Pattern.compile("\\b" + name + "=([\\d.]+(e-?\\d+)?)")
                            .matcher(golden.describe(tensor));
            return found.find() ? Double.parseDouble(found.group(1)) : otherwise;
        }
    }
}
