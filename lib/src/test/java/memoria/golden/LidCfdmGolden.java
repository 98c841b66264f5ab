package memoria.golden;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import memoria.data.Images;
import memoria.diffusion.NoiseSchedule;
import memoria.golden.GoldenCase.Tolerance;
import memoria.lid.ClosedFormDiffusion;
import memoria.torch.Ops;
import memoria.torch.Tensors;

/** The dimension of a finite set in closed form. */
public final class LidCfdmGolden implements GoldenFamily {

    @Override
    public boolean serves(String caseName) {
        return caseName.startsWith("lid_cfdm");
    }

    @Override
    public void compare(GoldenCase golden) {
        NoiseSchedule schedule = VpModel.schedule(golden.constants());
        double tMax = VpModel.tMax(golden.constants());
        double[] t = golden.input("t").toDoubleArray();
        double[] ratio =
                Arrays.stream(t)
                        .map(s -> schedule.noiseStd(VpModel.index(s, tMax)))
                        .map(sigma -> sigma / Math.sqrt(1 - sigma * sigma))
                        .toArray();
        if (golden.has("tau")) {
            golden.check("tau", Arrays.stream(ratio).map(r -> 2 * r * r).toArray());
        }
        Images x = points(golden.input("x"));
        Images data = points(golden.input("data"));
        ClosedFormDiffusion whole = ClosedFormDiffusion.of(data);
        double[][] distances = distances(x, data);
        if (golden.has("distances")) {
            double[][] recorded = rows(golden.input("distances"));
            golden.check("distances", tensor(golden, cancelled(distances, recorded, x, data)));
            distances = recorded;
        }
        check(golden, "lid", whole, distances, ratio);
        if (golden.has("lid_knn")) {
            int k = golden.constants().get("knn_k").getAsInt();
            check(golden, "lid_knn", whole.nearest(k), distances, ratio);
        }
        if (golden.has("lid_thr")) {
            double radius = golden.constants().get("distance_threshold").getAsDouble();
            check(golden, "lid_thr", whole.within(radius), distances, ratio);
        }
        if (golden.has("lid_big")) {
            big(golden, t, ratio);
        }
    }

    private static void check(
            GoldenCase golden,
            String tensor,
            ClosedFormDiffusion model,
            double[][] distances,
            double[] ratio) {
        double[][] lid =
                Arrays.stream(ratio)
                        .mapToObj(r -> lid(model, distances, r))
                        .toArray(double[][]::new);
        if (golden.has(tensor)) {
            golden.check(tensor, tensor(golden, lid));
        }
    }

    private static double[] lid(ClosedFormDiffusion model, double[][] distances, double ratio) {
        return Arrays.stream(distances).mapToDouble(row -> model.lid(row, ratio)).toArray();
    }

    /**
     * Above 25 rows the peer computes |x|^2 + |y|^2 - 2xy in single precision: where that cancels, as for a point and itself, its distance is
     * rounding. A recorded distance whose square differs from ours by no more than that rounding is the same distance.
     */
    private static double[][] cancelled(
            double[][] ours, double[][] recorded, Images x, Images data) {
        double[][] same = new double[ours.length][ours[0].length];
        for (int i = 0; i < ours.length; i++) {
            for (int j = 0; j < ours[i].length; j++) {
                double rounding = 1e-6 * (square(x.pixels(i)) + square(data.pixels(j)));
                double difference = Math.pow(ours[i][j], 2) - Math.pow(recorded[i][j], 2);
                same[i][j] = Math.abs(difference) <= rounding ? recorded[i][j] : ours[i][j];
            }
        }
        return same;
    }

    private static double square(float[] point) {
        double sum = 0;
        for (float value : point) {
            sum += (double) value * value;
        }
        return sum;
    }

    /**
     * Above 25 rows the peer's distances of points to themselves are rounding noise, so below a time that the index names they are taken
     * as they were recorded, and our formula is what is compared.
     */
    private static void big(GoldenCase golden, double[] t, double[] ratio) {
        Images data = points(golden.input("data_big"));
        int queries = Math.toIntExact(golden.shape("lid_big").get(1));
        Images x = data.first(queries);
        ClosedFormDiffusion model = ClosedFormDiffusion.of(data);
        double[][] recorded = null;
        if (golden.has("distances_big")) {
            recorded = rows(golden.input("distances_big"));
            String told = golden.toleranceNote("distances_big");
            double abs = told.isEmpty() ? golden.tolerance().abs() : Double.parseDouble(told);
            Tolerance tolerance = new Tolerance(abs, golden.tolerance().rel());
            golden.check("distances_big", tensor(golden, distances(x, data)), row -> tolerance);
        }
        Matcher note =
                Pattern.compile("t>=([\\d.]+) at ([\\d.e-]+)")
                        .matcher(golden.toleranceNote("lid_big"));
        double from = note.find() ? Double.parseDouble(note.group(1)) : 0;
        double within = from == 0 ? golden.tolerance().rel() : Double.parseDouble(note.group(2));
        Tolerance rough = new Tolerance(within, within);
        double[][] lid = new double[t.length][];
        for (int i = 0; i < t.length; i++) {
            double r = ratio[i];
            lid[i] = t[i] < from && recorded != null ? lid(model, recorded, r) : model.lid(x, r);
        }
        golden.check(
                "lid_big", tensor(golden, lid), row -> t[row] < from ? golden.tolerance() : rough);
    }

    private static double[][] distances(Images x, Images data) {
        double[][] distances = new double[x.count()][data.count()];
        for (int i = 0; i < distances.length; i++) {
            for (int j = 0; j < distances[i].length; j++) {
                distances[i][j] = x.distance(i, data, j);
            }
        }
        return distances;
    }

    private static Images points(NDArray matrix) {
        Shape shape = matrix.getShape();
        return Images.from(matrix.reshape(shape.get(0), shape.get(1), 1, 1));
    }

    private static double[][] rows(NDArray matrix) {
        double[] flat = Ops.cast(matrix, DataType.FLOAT64).toDoubleArray();
        int width = Math.toIntExact(matrix.getShape().get(1));
        double[][] rows = new double[flat.length / width][];
        Arrays.setAll(rows, i -> Arrays.copyOfRange(flat, i * width, (i + 1) * width));
        return rows;
    }

    private static NDArray tensor(GoldenCase golden, double[][] rows) {
        double[] flat = Arrays.stream(rows).flatMapToDouble(Arrays::stream).toArray();
        return Tensors.of(golden.manager(), flat, new Shape(rows.length, rows[0].length));
    }
}
