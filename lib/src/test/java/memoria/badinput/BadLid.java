package memoria.badinput;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import memoria.artifact.ModelId;
import memoria.data.DataSet;
import memoria.data.Images;
import memoria.data.Provenance;
import memoria.diffusion.Analytic;
import memoria.diffusion.Condition;
import memoria.diffusion.Denoiser;
import memoria.diffusion.NoiseSchedule;
import memoria.diffusion.Prediction;
import memoria.lid.CfgNorm;
import memoria.lid.ClosedFormDiffusion;
import memoria.lid.Flipd;
import memoria.lid.FlipdValues;
import memoria.lid.FpRegress;
import memoria.lid.JacobianRank;
import memoria.lid.Knee;
import memoria.lid.LocalPca;
import memoria.lid.NoiseLevel;
import memoria.lid.NormalBundle;
import memoria.lid.PngLength;
import memoria.lid.ProbabilityFlow;
import memoria.lid.Spectra;
import memoria.torch.Scalars;

/** Noise levels, numbers of scores, sets and scores that no dimension can be estimated from. */
public final class BadLid extends BadInput {

    private final NoiseSchedule schedule = NoiseSchedule.linear(100);
    private final Analytic model =
            Analytic.gaussian(
                    schedule, new Shape(2, 1, 1), new double[2], new double[0][], new double[0]);
    private final Images points = Images.of(new float[] {0, 1, 2, 3}, 2, 2, 1, 1);
    private final Images none = Images.of(new float[0], 0, 2, 1, 1);
    private final Images broken = Images.of(new float[] {0, Float.NaN}, 1, 2, 1, 1);

    /** Says NaN about everything. */
    private record Broken(Denoiser model) implements Denoiser {
        @Override
        public Prediction predict(NDArray x, double[] t, Condition condition) {
            return new Prediction(
                    Scalars.mul(model.predict(x, t, condition).epsilon(), Double.NaN));
        }

        @Override
        public NoiseSchedule schedule() {
            return model.schedule();
        }

        @Override
        public Shape item() {
            return model.item();
        }

        @Override
        public NDManager manager() {
            return model.manager();
        }
    }

    /** The table. */
    public BadLid() {
        levels();
        estimators();
        readings();
    }

    private void levels() {
        refused("t0 at 0", () -> NoiseLevel.vp(0), "t0: 0.0", "above 0 and at most 1");
        refused("t0 beyond T", () -> NoiseLevel.vp(1.1), "t0: 1.1", "at most 1");
        refused("no noise", () -> NoiseLevel.std(0), "t0: noise", "0.0", "below 1");
        refused("a ratio of 0", () -> NoiseLevel.ratio(0), "t0: noise of 0.0", "above 0");
        refused("t0 NaN", () -> NoiseLevel.std(Double.NaN), "NaN", "above 0");
        refused(
                "an index beyond T",
                () -> Flipd.at(NoiseLevel.index(100)).of(model, points),
                "t0: t: 100.0",
                "0..99");
        refused(
                "less noise than the schedule has",
                () -> Flipd.at(NoiseLevel.std(1e-6)).of(model, points),
                "t0: noiseStd: ",
                "1.0E-6",
                "outside");
        refused(
                "the clean image's time",
                () -> NoiseLevel.index(-1).time(NoiseSchedule.continuousVp(0.1, 20, 10)),
                "t0: at -1.0",
                "no noise");
        refused("no level", () -> Flipd.at(), "t0: no noise level", "at least one");
    }

    private void estimators() {
        NoiseLevel t0 = NoiseLevel.index(5);
        refused("no probe", () -> Flipd.at(t0).gaussian(0), "probes: 0", "at least 1");
        refused("k below 1", () -> NormalBundle.at(t0).scores(0), "k: 0", "at least 1");
        refused("an empty batch", () -> NormalBundle.at(t0).batch(0), "size: 0", "at least 1");
        refused("no images", () -> Flipd.at(t0).of(model, none), "images: none", "at least one");
        refused(
                "images of another shape",
                () -> NormalBundle.at(t0).of(model, Images.of(new float[3], 1, 3, 1, 1)),
                "images: of shape (3, 1, 1)",
                "(2, 1, 1)");
        refused("a pixel that is NaN", () -> Flipd.at(t0).of(model, broken), "images", "NaN");
        fails(
                IllegalStateException.class,
                "scores that are NaN, by FLIPD",
                () -> Flipd.at(t0).of(new Broken(model), points),
                "model: its epsilon",
                "NaN",
                "image 0",
                "finite");
        fails(
                IllegalStateException.class,
                "scores that are NaN, by the normal bundle",
                () -> NormalBundle.at(t0).of(new Broken(model), points),
                "model: its score",
                "NaN",
                "finite");
        fails(
                IllegalStateException.class,
                "scores that are NaN, by their norm",
                () -> CfgNorm.at(t0).of(new Broken(model), points),
                "model: its score",
                "NaN");
        fails(
                IllegalStateException.class,
                "a job whose noise has no description",
                () ->
                        NormalBundle.at(t0)
                                .noise((manager, stream, seeds, step, item) -> null)
                                .job(new ModelId("points", "0".repeat(64)), () -> model, points),
                "noise",
                "spec");
        refused("no Euler steps", () -> CfgNorm.at(t0).flow(0), "count: 0", "at least 1");
        DataSet set = DataSet.of(points, new int[2], List.of("points"), Provenance.made("points"));
        refused("a set smaller than k", () -> LocalPca.of(set).spectra(), "k: 100", "set of 2");
        refused("one neighbour", () -> LocalPca.of(set).neighbours(1), "k: 1", "at least 2");
        refused("a percentile of 101", () -> LocalPca.of(set).closest(101), "101", "0 to 100");
        refused(
                "no latent points",
                () -> JacobianRank.of(z -> z).spectra(model.manager().zeros(new Shape(0, 2))),
                "latents",
                "at least 1");
        refused(
                "more nearest images than there are",
                () -> ClosedFormDiffusion.of(points).nearest(3),
                "k: 3",
                "1 to 2");
        refused("an empty set", () -> ClosedFormDiffusion.of(none), "set: empty", "at least one");
        refused(
                "a flow without an end",
                () ->
                        new ProbabilityFlow(model, Condition.none())
                                .flow(points.tensor(model.manager()), 1),
                "times: 1",
                "at least two");
    }

    private void readings() {
        FlipdValues values = Flipd.at(NoiseLevel.index(5)).of(model, points);
        refused("a level not measured", () -> values.lid(1), "level: 1", "0 to 0");
        refused("probes not drawn", () -> values.lid(0, 2), "probes: 2", "1 to 1");
        refused("a slope of one level", () -> FpRegress.lid(values), "sweep: 1", "at least 3");
        refused(
                "a spectrum that climbs",
                () -> Spectra.of(new double[][] {{1, 2}}, 2, Spectra.Large.NORMAL),
                "values: 2.0",
                "descending");
        Spectra spectra = Spectra.of(new double[][] {{2, 1}}, 2, Spectra.Large.NORMAL);
        refused("a threshold NaN", () -> spectra.lid(Double.NaN), "tau", "number");
        refused("a percentile of -1", () -> spectra.lidByPercentile(-1), "-1.0", "0 to 100");
        refused(
                "a curve of two points",
                () -> Knee.usual().of(new double[] {0.1, 0.2}, new double[] {1, 0}),
                "t: 2 times",
                "at least 3");
        refused(
                "times that do not ascend",
                () -> Knee.hull(new double[] {1, 1}, new double[] {1, 0}),
                "place 1",
                "ascending");
        refused(
                "lengths of other images",
                () -> PngLength.normalize(new double[] {1}, points),
                "lid: 1",
                "2 images");
    }

    @Override
    public void close() {
        model.close();
    }
}
