package memoria.golden;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import memoria.data.Images;
import memoria.diffusion.Condition;
import memoria.diffusion.Forward;
import memoria.lid.NoiseLevel;
import memoria.lid.NormalBundle;
import memoria.lid.ProbabilityFlow;
import memoria.lid.Spectra;
import memoria.torch.Ops;
import memoria.torch.Tensors;

/** The normal bundle's scores, singular values and dimensions. */
public final class LidNormalBundleGolden implements GoldenFamily {

    @Override
    public boolean serves(String caseName) {
        return caseName.startsWith("lid_normal_bundle");
    }

    @Override
    public void compare(GoldenCase golden) {
        VpModel model = VpModel.of(golden);
        double t = model.index(golden.constants().get("noise_time").getAsDouble());
        NDArray x = golden.input("x");
        NDArray noise = golden.input("noise");
        int points = Math.toIntExact(x.getShape().get(0));
        int k = Math.toIntExact(noise.getShape().get(1));
        int d = Math.toIntExact(noise.getShape().get(2));
        double[][] values = new double[points][];
        List<NDArray> scores = new ArrayList<>();
        for (int i = 0; i < points; i++) {
            NDArray own = noise.get(i).reshape(new Shape(k).addAll(model.item()));
            NDArray point = x.get(i).reshape(new Shape(1).addAll(model.item()));
            Spectra spectra =
                    NormalBundle.at(NoiseLevel.index(t))
                            .scores(k)
                            .noise(
                                    (manager, stream, seeds, step, item) ->
                                            Ops.narrow(own, 0, seeds.at(0), seeds.count())
                                                    .duplicate())
                            .of(model, Images.from(point));
            values[i] = spectra.of(0);
            double[] times = new double[k];
            Arrays.fill(times, t);
            NDArray noisy =
                    new Forward(model.schedule()).sample(Ops.rows(point, new int[k]), times, own);
            scores.add(
                    new ProbabilityFlow(model, Condition.none()).score(noisy, t).reshape(1, k, d));
        }
        Spectra all = Spectra.of(values, d, Spectra.Large.NORMAL);
        check(golden, "score_matrix", Ops.cat(scores, 0));
        double[] flat = Arrays.stream(values).flatMapToDouble(Arrays::stream).toArray();
        check(
                golden,
                "singular_values",
                Tensors.of(golden.manager(), flat, new Shape(points, flat.length / points)));
        if (golden.has("lid_gap")) {
            golden.check("lid_gap", all.lidByLargestGap());
        }
        if (golden.has("thresholds")) {
            double[] thresholds =
                    Ops.cast(golden.input("thresholds"), DataType.FLOAT64).toDoubleArray();
            double[] lid =
                    Arrays.stream(thresholds)
                            .boxed()
                            .flatMapToDouble(tau -> Arrays.stream(all.lid(Math.exp(-2 * tau))))
                            .toArray();
            check(
                    golden,
                    "lid_thresholds",
                    Tensors.of(golden.manager(), lid, new Shape(thresholds.length, points)));
        }
    }

    private static void check(GoldenCase golden, String tensor, NDArray ours) {
        if (golden.has(tensor)) {
            golden.check(tensor, ours);
        }
    }
}
