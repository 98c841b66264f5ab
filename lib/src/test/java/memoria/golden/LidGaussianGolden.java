package memoria.golden;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import memoria.data.Images;
import memoria.diffusion.Analytic;
import memoria.diffusion.Condition;
import memoria.diffusion.NoiseSchedule;
import memoria.lid.Flipd;
import memoria.lid.FlipdValues;
import memoria.lid.NoiseLevel;
import memoria.torch.Ops;
import memoria.torch.Scalars;
import memoria.torch.Tensors;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.EigenDecomposition;

/** FLIPD of a Gaussian's exact score. */
public final class LidGaussianGolden implements GoldenFamily {

    @Override
    public boolean serves(String caseName) {
        return caseName.startsWith("lid_flipd_gaussian");
    }

    @Override
    public void compare(GoldenCase golden) {
        NoiseSchedule schedule = VpModel.schedule(golden.constants());
        double tMax = VpModel.tMax(golden.constants());
        double[] mean = wide(golden.input("mean"));
        double[] t = golden.input("t").toDoubleArray();
        int d = mean.length;
        Shape item = new Shape(d, 1, 1);
        NDArray flat = golden.input("x");
        int b = Math.toIntExact(flat.getShape().get(0));
        NDArray x = flat.reshape(new Shape(b).addAll(item));
        double[] index = Arrays.stream(t).map(s -> VpModel.index(s, tMax)).toArray();
        try (Analytic model = gaussian(schedule, item, mean, wide(golden.input("cov")))) {
            NoiseLevel[] levels =
                    Arrays.stream(index).mapToObj(NoiseLevel::index).toArray(NoiseLevel[]::new);
            FlipdValues values = Flipd.at(levels).exact().of(model, Images.from(x));
            double[] lid = new double[t.length * b];
            List<NDArray> scores = new ArrayList<>();
            for (int i = 0; i < t.length; i++) {
                System.arraycopy(values.lid(i), 0, lid, i * b, b);
                double[] times = new double[b];
                Arrays.fill(times, index[i]);
                NDArray epsilon = model.predict(x, times, Condition.none()).epsilon();
                scores.add(Scalars.mul(epsilon, -1).reshape(1, b, d));
            }
            golden.check("flipd", Tensors.of(golden.manager(), lid, new Shape(t.length, b)));
            if (golden.has("score_net")) {
                golden.check("score_net", Ops.cat(scores, 0));
            }
            if (golden.has("eigvals")) {
                golden.input("eigvals");
            }
        }
    }

    private static double[] wide(NDArray tensor) {
        return Ops.cast(tensor, DataType.FLOAT64).toDoubleArray();
    }

    private static Analytic gaussian(
            NoiseSchedule schedule, Shape item, double[] mean, double[] cov) {
        int d = mean.length;
        double[][] symmetric = new double[d][d];
        for (int i = 0; i < d * d; i++) {
            symmetric[i / d][i % d] = (cov[i] + cov[i % d * d + i / d]) / 2;
        }
        EigenDecomposition axes = new EigenDecomposition(new Array2DRowRealMatrix(symmetric));
        double[][] directions = new double[d][];
        double[] variances = new double[d];
        for (int i = 0; i < d; i++) {
            directions[i] = axes.getEigenvector(i).toArray();
            variances[i] = Math.max(0, axes.getRealEigenvalue(i));
        }
        return Analytic.gaussian(schedule, item, mean, directions, variances);
    }
}
