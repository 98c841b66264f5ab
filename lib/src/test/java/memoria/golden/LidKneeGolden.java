package memoria.golden;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import java.util.Arrays;
import java.util.Optional;
import memoria.lid.FpRegress;
import memoria.lid.Knee;
import memoria.torch.Ops;
import memoria.torch.Tensors;

/** The knee of FLIPD's curves, their hulls, and the slopes of LIDL's regression. */
public final class LidKneeGolden implements GoldenFamily {

    private static final double NOT_A_NUMBER = -12345;

    @Override
    public boolean serves(String caseName) {
        return caseName.startsWith("lid_knee");
    }

    @Override
    public void compare(GoldenCase golden) {
        JsonObject told = golden.constants();
        Knee knee =
                Knee.usual()
                        .sensitivity(told.get("S").getAsDouble())
                        .window(
                                told.get("ignore_left").getAsDouble(),
                                told.get("ignore_right").getAsDouble());
        double[] t = values(golden.input("timesteps"));
        double[][] curves = rows(golden.input("curves"));
        double[] times = new double[curves.length];
        double[] lid = new double[curves.length];
        double[][] hulls = new double[curves.length][];
        for (int i = 0; i < curves.length; i++) {
            Optional<Knee.Point> found = knee.of(t, curves[i]);
            times[i] = found.map(Knee.Point::t).orElse(-1.0);
            lid[i] = found.map(Knee.Point::lid).orElse(told.get("ambient_dim").getAsDouble());
            hulls[i] = Knee.hull(t, curves[i]);
        }
        golden.check("knee_timestep", times);
        golden.check("knee_lid", lid);
        if (golden.has("hull_y")) {
            double[][] recorded = rows(golden.input("hull_y"));
            for (int i = 0; i < hulls.length; i++) {
                keepFall(curves[i], hulls[i], recorded[i]);
            }
            golden.check("hull_y", tensor(golden, hulls));
        }
        if (golden.has("hull_x")) {
            double[][] same = new double[curves.length][];
            Arrays.fill(same, t);
            golden.check("hull_x", tensor(golden, same));
        }
        if (golden.has("reg_slope")) {
            double[][] rho = rows(golden.input("reg_y"));
            for (double[] row : rho) {
                Arrays.setAll(row, i -> row[i] == NOT_A_NUMBER ? Double.NaN : row[i]);
            }
            golden.check("reg_slope", FpRegress.slopes(values(golden.input("reg_x")), rho));
        }
    }

    /** Behind a curve's lowest point the peer's line is not always the hull (it can lie above it), and is not compared. */
    private static void keepFall(double[] curve, double[] hull, double[] recorded) {
        int lowest = 0;
        for (int i = 1; i < curve.length; i++) {
            lowest = curve[i] < curve[lowest] ? i : lowest;
        }
        System.arraycopy(recorded, lowest + 1, hull, lowest + 1, hull.length - lowest - 1);
    }

    private static double[] values(NDArray tensor) {
        return Ops.cast(tensor, DataType.FLOAT64).toDoubleArray();
    }

    private static double[][] rows(NDArray matrix) {
        double[] flat = values(matrix);
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
