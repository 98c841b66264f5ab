package memoria.golden;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import memoria.diffusion.Condition;
import memoria.diffusion.Denoiser;
import memoria.diffusion.NoiseSchedule;
import memoria.diffusion.Prediction;
import memoria.network.Dropout;
import memoria.network.Mlp;
import memoria.network.MlpConfig;
import memoria.network.Params;
import memoria.torch.Scalars;

/** The LID cases' networks: an MLP that gives sigma times the score, minus epsilon, and is told the continuous time. */
record VpModel(Mlp mlp, NoiseSchedule schedule, double tMax, NDManager manager)
        implements Denoiser {

    private static final int STEPS = 1000;

    static VpModel of(GoldenCase golden) {
        JsonObject constants = golden.constants();
        String net = constants.get("net").getAsString();
        if (!net.equals("MLPUnet")) {
            throw new IllegalArgumentException("net: '" + net + "' is unknown");
        }
        Integer[] hidden =
                IntStream.range(0, constants.getAsJsonArray("hidden_sizes").size())
                        .mapToObj(i -> constants.getAsJsonArray("hidden_sizes").get(i).getAsInt())
                        .toArray(Integer[]::new);
        int d = Math.toIntExact(golden.shape("x").get(1));
        MlpConfig config =
                new MlpConfig(
                        d, List.of(hidden), constants.get("time_embedding_dim").getAsInt(), 1);
        Params params = Params.of(golden.manager(), golden.weights());
        return new VpModel(
                new Mlp(config, params), schedule(constants), tMax(constants), golden.manager());
    }

    static double tMax(JsonObject constants) {
        return constants.has("t_max") ? constants.get("t_max").getAsDouble() : 1;
    }

    /** beta rises from beta_min at 0 to beta_max at t_max; the library's time runs over [0, 1]. */
    static NoiseSchedule schedule(JsonObject constants) {
        double tMax = tMax(constants);
        return NoiseSchedule.continuousVp(
                constants.get("beta_min").getAsDouble() * tMax,
                constants.get("beta_max").getAsDouble() * tMax,
                STEPS);
    }

    /** The schedule's index of a continuous time. */
    static double index(double time, double tMax) {
        return Math.min(STEPS - 1, time / tMax * STEPS - 1);
    }

    double index(double time) {
        return index(time, tMax);
    }

    @Override
    public Prediction predict(NDArray x, double[] t, Condition condition) {
        double[] time = Arrays.stream(t).map(i -> (i + 1) * tMax / STEPS).toArray();
        NDArray net = mlp.forward(x, time, Condition.none(), Dropout.NONE);
        return new Prediction(Scalars.mul(net, -1));
    }

    @Override
    public Shape item() {
        return new Shape(mlp.config().dimension(), 1, 1);
    }
}
