package memoria.lid;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import memoria.data.Images;
import memoria.diffusion.Analytic;
import memoria.diffusion.Condition;
import memoria.diffusion.Denoiser;
import memoria.diffusion.Noise;
import memoria.diffusion.NoiseSchedule;
import memoria.diffusion.Prediction;
import memoria.torch.Ops;
import memoria.torch.Scalars;
import memoria.torch.Tensors;
import memoria.torch.Torch;

/** Data of known dimension, with its exact denoiser. */
final class Manifolds {

    static final NoiseSchedule SCHEDULE = NoiseSchedule.continuousVp(0.1, 20, 1000);

    private Manifolds() {}

    /** k orthonormal directions of R^d, from a seed. */
    static double[][] directions(int d, int k, long seed) {
        double[][] q = new double[k][];
        for (int i = 0; i < k; i++) {
            q[i] = Noise.gaussian("test/directions", seed, i, d);
            for (int pass = 0; pass < 2; pass++) {
                for (int j = 0; j < i; j++) {
                    double dot = 0;
                    for (int c = 0; c < d; c++) {
                        dot += q[i][c] * q[j][c];
                    }
                    for (int c = 0; c < d; c++) {
                        q[i][c] -= dot * q[j][c];
                    }
                }
            }
            double norm = 0;
            for (double v : q[i]) {
                norm += v * v;
            }
            for (int c = 0; c < d; c++) {
                q[i][c] /= Math.sqrt(norm);
            }
        }
        return q;
    }

    static double[] constant(int n, double value) {
        double[] all = new double[n];
        java.util.Arrays.fill(all, value);
        return all;
    }

    /** N(offset, I) on a random k-dimensional subspace of R^d. */
    static Analytic subspace(int d, int k, double offset, long seed) {
        return Analytic.gaussian(
                SCHEDULE,
                new Shape(d, 1, 1),
                constant(d, offset),
                directions(d, k, seed),
                constant(k, 1));
    }

    /** Points of that subspace. */
    static Images points(int d, int k, double offset, long seed, int count) {
        double[][] q = directions(d, k, seed);
        float[] x = new float[count * d];
        for (int i = 0; i < count; i++) {
            double[] z = Noise.gaussian("test/points", seed, i, Math.max(1, k));
            for (int c = 0; c < d; c++) {
                double value = offset;
                for (int j = 0; j < k; j++) {
                    value += z[j] * q[j][c];
                }
                x[i * d + c] = (float) value;
            }
        }
        return Images.of(x, count, d, 1, 1);
    }

    /** Counts how often a model is asked. */
    static final class Counting implements Denoiser {
        private final Denoiser model;
        int calls;

        Counting(Denoiser model) {
            this.model = model;
        }

        @Override
        public Prediction predict(NDArray x, double[] t, Condition condition) {
            calls++;
            return model.predict(x, t, condition);
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

    /** Two Gaussians on subspaces with unit variances, half of the data each; the score of their mixture. */
    record Union(int d, double[] offsets, double[][][] bases) implements Denoiser {

        @Override
        public Prediction predict(NDArray x, double[] t, Condition condition) {
            double alphaBar = SCHEDULE.alphaBar(t[0]);
            double noise = Math.pow(SCHEDULE.noiseStd(t[0]), 2);
            NDArray flat = Ops.cast(x, DataType.FLOAT64).reshape(t.length, d);
            NDArray[] logs = new NDArray[2];
            NDArray[] scores = new NDArray[2];
            for (int c = 0; c < 2; c++) {
                int k = bases[c].length;
                double[] rows =
                        java.util.Arrays.stream(bases[c])
                                .flatMapToDouble(java.util.Arrays::stream)
                                .toArray();
                NDArray basis = Tensors.of(x.getManager(), rows, new Shape(k, d));
                NDArray r = Scalars.add(flat, -Math.sqrt(alphaBar) * offsets[c]);
                NDArray within = r.matMul(basis.transpose());
                double less = alphaBar / (noise * (noise + alphaBar));
                NDArray pulled = Ops.axpby(1 / noise, r, -less, within.matMul(basis));
                scores[c] = Scalars.mul(pulled, -1);
                NDArray square = r.mul(pulled).sum(new int[] {1}, true);
                double volume = (d - k) * Math.log(noise) + k * Math.log(noise + alphaBar);
                logs[c] = Scalars.add(Scalars.mul(square, -0.5), -volume / 2);
            }
            NDArray weights = Ops.cat(List.of(logs), 1).softmax(1);
            NDArray score =
                    Ops.narrow(weights, 1, 0, 1)
                            .mul(scores[0])
                            .add(Ops.narrow(weights, 1, 1, 1).mul(scores[1]));
            NDArray epsilon = Scalars.mul(score, -Math.sqrt(noise));
            return new Prediction(Ops.cast(epsilon, DataType.FLOAT32).reshape(x.getShape()));
        }

        @Override
        public NoiseSchedule schedule() {
            return SCHEDULE;
        }

        @Override
        public Shape item() {
            return new Shape(d, 1, 1);
        }

        @Override
        public NDManager manager() {
            return MANAGER;
        }
    }

    private static final NDManager MANAGER = Torch.manager();

    /** {@code epsilon = tanh(x W + c)} for an embedding c of d numbers a row: smooth in both. */
    record Embedded(NDArray weight) implements Denoiser {

        @Override
        public Prediction predict(NDArray x, double[] t, Condition condition) {
            NDArray c = ((Condition.Embedding) condition).tensor();
            NDArray flat = x.reshape(t.length, -1);
            return new Prediction(flat.matMul(weight).add(c).tanh().reshape(x.getShape()));
        }

        @Override
        public NoiseSchedule schedule() {
            return SCHEDULE;
        }

        @Override
        public Shape item() {
            return new Shape(weight.getShape().get(0), 1, 1);
        }

        @Override
        public NDManager manager() {
            return weight.getManager();
        }
    }
}
