package memoria.golden;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import memoria.data.Images;
import memoria.diffusion.Condition;
import memoria.diffusion.Denoiser;
import memoria.diffusion.NoiseSchedule;
import memoria.diffusion.NoiseSource;
import memoria.diffusion.Prediction;
import memoria.lid.Flipd;
import memoria.lid.FlipdValues;
import memoria.lid.NoiseLevel;
import memoria.network.Dropout;
import memoria.network.Params;
import memoria.network.UNet2d;
import memoria.network.UNet2dConfig;
import memoria.torch.Autograd;
import memoria.torch.Ops;
import memoria.torch.Scalars;
import memoria.torch.Tensors;

/** {@code lid_flipd_unet2d}: diffusers' {@code UNet2DModel} as a score network on a VP-SDE. */
public final class LidUNet2dGolden implements GoldenFamily {

    /** Constants that are not the network's. */
    private static final Set<String> OTHERS =
            Set.of("beta_min", "beta_max", "t_max", "t_factor", "param_seed", "seed");

    /** The peer's network answers with sigma times the score: minus epsilon. */
    private record Model(
            UNet2d net, NoiseSchedule schedule, double tMax, Shape item, NDManager manager)
            implements Denoiser {

        @Override
        public Prediction predict(NDArray x, double[] t, Condition condition) {
            double[] time = Arrays.stream(t).map(i -> (i + 1) * tMax / schedule.steps()).toArray();
            NDArray score = net.forward(x, time, condition, Dropout.NONE);
            return new Prediction(Scalars.mul(score, -1));
        }
    }

    @Override
    public boolean serves(String caseName) {
        return caseName.startsWith("lid_flipd_unet2d");
    }

    @Override
    public void compare(GoldenCase golden) {
        NDArray x = golden.input("x");
        Model model = model(golden, x.getShape().slice(1));
        double[] t = golden.input("t").toDoubleArray();
        NoiseLevel[] levels =
                Arrays.stream(t)
                        .map(s -> VpModel.index(s, model.tMax))
                        .mapToObj(NoiseLevel::index)
                        .toArray(NoiseLevel[]::new);
        int b = Math.toIntExact(x.getShape().get(0));
        for (String tensor : golden.names()) {
            switch (tensor) {
                case "score" -> golden.check(tensor, Autograd.off(() -> scores(model, x, t)));
                case "flipd_rademacher", "flipd_gaussian" -> {
                    boolean gaussian = tensor.endsWith("gaussian");
                    String own = tensor.replace("flipd_", "hutch_v_");
                    NDArray probes = golden.input(golden.has(own) ? own : "hutch_v");
                    int count = Math.toIntExact(probes.getShape().get(0)) / b;
                    NoiseSource recorded =
                            (manager, stream, seeds, step, item) ->
                                    Ops.narrow(probes, 0, step * b, b).duplicate();
                    Flipd flipd = Flipd.at(levels).noise(recorded);
                    FlipdValues values =
                            (gaussian ? flipd.gaussian(count) : flipd.rademacher(count))
                                    .of(model, Images.from(x));
                    double[] all =
                            IntStream.range(0, t.length)
                                    .mapToObj(values::lid)
                                    .flatMapToDouble(Arrays::stream)
                                    .toArray();
                    golden.check(tensor, Tensors.of(golden.manager(), all, new Shape(t.length, b)));
                }
                case "flipd_deterministic_first" -> {
                    Images one = Images.from(Ops.narrow(x, 0, 0, 1));
                    golden.check(tensor, Flipd.at(levels[0]).exact().of(model, one).lid());
                }
                default -> {}
            }
        }
    }

    private static NDArray scores(Model model, NDArray x, double[] t) {
        List<NDArray> all =
                Arrays.stream(t)
                        .mapToObj(
                                s -> {
                                    double index = VpModel.index(s, model.tMax);
                                    double sigma = model.schedule.noiseStd(index);
                                    double[] rows =
                                            DoubleStream.generate(() -> index)
                                                    .limit(x.getShape().get(0))
                                                    .toArray();
                                    NDArray epsilon =
                                            model.predict(x, rows, Condition.none()).epsilon();
                                    return Scalars.mul(epsilon, -1 / sigma).expandDims(0);
                                })
                        .toList();
        return Ops.cat(all, 0);
    }

    private static Model model(GoldenCase golden, Shape item) {
        JsonObject constants = golden.constants();
        Map<String, NDArray> weights = golden.weights();
        JsonObject config = new JsonObject();
        config.addProperty("in_channels", weights.get("conv_in.weight").getShape().get(1));
        config.addProperty("out_channels", weights.get("conv_out.weight").getShape().get(0));
        for (Map.Entry<String, JsonElement> argument : constants.entrySet()) {
            String name = argument.getKey();
            if (!OTHERS.contains(name)) {
                boolean types = name.equals("down") || name.equals("up");
                config.add(types ? name + "_block_types" : name, argument.getValue());
            }
        }
        double factor = constants.has("t_factor") ? constants.get("t_factor").getAsDouble() : 1000;
        return new Model(
                UNet2dConfig.diffusers(config)
                        .optTimeFactor(factor)
                        .build(Params.of(golden.manager(), weights)),
                VpModel.schedule(constants),
                VpModel.tMax(constants),
                item,
                golden.manager());
    }
}
