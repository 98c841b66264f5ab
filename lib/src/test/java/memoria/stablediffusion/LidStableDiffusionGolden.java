package memoria.stablediffusion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import memoria.data.Images;
import memoria.diffusion.Condition;
import memoria.diffusion.NoiseSchedule;
import memoria.diffusion.NoiseSource;
import memoria.golden.GoldenCase;
import memoria.golden.GoldenFamily;
import memoria.lid.Flipd;
import memoria.lid.FlipdValues;
import memoria.lid.LinearSde;
import memoria.lid.NoiseLevel;
import memoria.network.NetworkDenoiser;
import memoria.network.Params;
import memoria.network.UNetConfig;
import memoria.torch.Autograd;
import memoria.torch.Ops;
import memoria.torch.Scalars;
import memoria.torch.Tensors;

/** {@code lid_flipd_sd}: FLIPD of a conditional UNet under the empty prompt, on the peer's linear SDE and on the schedule it was made for. */
public final class LidStableDiffusionGolden implements GoldenFamily {

    @Override
    public boolean serves(String caseName) {
        return caseName.startsWith("lid_flipd_sd");
    }

    @Override
    public void compare(GoldenCase golden) {
        JsonObject constants = golden.constants();
        double betaMin = constants.get("beta_min").getAsDouble();
        double betaMax = constants.get("beta_max").getAsDouble();
        double factor = constants.get("t_factor").getAsDouble();
        int steps = (int) factor;
        double[] t = golden.input("t").toDoubleArray();
        NDArray x = golden.input("x");
        int b = Math.toIntExact(x.getShape().get(0));
        NoiseSchedule trained =
                NoiseSchedule.scaledLinear(steps, betaMin / factor, betaMax / factor);
        NetworkDenoiser model = network(golden, trained, x.getShape().slice(1));
        LinearSde peer = LinearSde.of(model, betaMin, betaMax, factor);
        if (golden.has("mu_sigma_peer")) {
            int[] all = IntStream.range(0, t.length).toArray();
            double[] at = Arrays.stream(all).mapToDouble(i -> index(peer, t[i])).toArray();
            golden.check("mu_sigma_peer", levels(golden, peer.schedule(), at));
        }
        if (golden.has("mu_sigma_scheduler_scaled_linear")) {
            double[] at =
                    Arrays.stream(t).map(s -> Math.max(0, Math.rint(s * steps) - 1)).toArray();
            golden.check("mu_sigma_scheduler_scaled_linear", levels(golden, trained, at));
        }
        Condition empty = Condition.embedding(golden.input("empty_prompt_embeds"));
        if (golden.has("score_net_at_mu_x")) {
            golden.check("score_net_at_mu_x", scores(peer, x, t, empty.fit(b)));
        }
        if (golden.has("flipd_hutchinson")) {
            golden.check("flipd_hutchinson", flipd(golden, peer, x, t, empty));
        }
    }

    private static NetworkDenoiser network(GoldenCase golden, NoiseSchedule schedule, Shape item) {
        UNetConfig config = DiffusersConfig.unet(golden.constants().getAsJsonObject("unet"));
        NameMap names = NameMap.diffusers(config);
        Map<String, NDArray> ours = new LinkedHashMap<>();
        golden.weights()
                .forEach(
                        (theirs, tensor) -> {
                            String name = names.ours(theirs).orElseThrow();
                            ours.put(name, names.fit(name, tensor));
                        });
        Params params = Params.of(golden.manager(), ours);
        return new NetworkDenoiser(config.build(params), schedule, item, new JsonObject());
    }

    private static double index(LinearSde peer, double s) {
        return LinearSde.at(s).time(peer.schedule());
    }

    private static NDArray levels(GoldenCase golden, NoiseSchedule schedule, double[] at) {
        double[] both =
                Arrays.stream(at)
                        .flatMap(
                                i ->
                                        Arrays.stream(
                                                new double[] {
                                                    Math.sqrt(schedule.alphaBar(i)),
                                                    schedule.noiseStd(i)
                                                }))
                        .toArray();
        return Tensors.of(golden.manager(), both, new Shape(at.length, 2));
    }

    private static NDArray scores(LinearSde peer, NDArray x, double[] t, Condition empty) {
        int b = Math.toIntExact(x.getShape().get(0));
        List<NDArray> all =
                Arrays.stream(t)
                        .mapToObj(
                                s -> {
                                    double i = index(peer, s);
                                    double mu = Math.sqrt(peer.schedule().alphaBar(i));
                                    double[] times = new double[b];
                                    Arrays.fill(times, i);
                                    NDArray xt = Scalars.mul(x, mu);
                                    return Autograd.off(
                                                    () ->
                                                            Scalars.mul(
                                                                    peer.predict(xt, times, empty)
                                                                            .epsilon(),
                                                                    -1))
                                            .expandDims(0);
                                })
                        .toList();
        return Ops.cat(all, 0);
    }

    private static NDArray flipd(
            GoldenCase golden, LinearSde peer, NDArray x, double[] t, Condition empty) {
        NDArray probes = golden.input("hutch_v");
        int b = Math.toIntExact(x.getShape().get(0));
        int count = Math.toIntExact(probes.getShape().get(0)) / b;
        NoiseSource recorded =
                (manager, stream, seeds, step, item) ->
                        Ops.narrow(probes, 0, step * b, b).duplicate();
        NoiseLevel[] at = Arrays.stream(t).mapToObj(LinearSde::at).toArray(NoiseLevel[]::new);
        FlipdValues values =
                Flipd.at(at).noise(recorded).gaussian(count).of(peer, Images.from(x), empty);
        double[] lid =
                IntStream.range(0, t.length)
                        .mapToObj(values::lid)
                        .flatMapToDouble(Arrays::stream)
                        .toArray();
        return Tensors.of(golden.manager(), lid, new Shape(t.length, b));
    }
}
