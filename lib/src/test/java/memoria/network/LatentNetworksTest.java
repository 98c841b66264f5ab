package memoria.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import java.util.Map;
import java.util.function.Function;
import memoria.diffusion.Condition;
import memoria.diffusion.Guided;
import memoria.diffusion.Noise;
import memoria.diffusion.NoiseSchedule;
import memoria.diffusion.Seeds;
import memoria.torch.Autograd;
import memoria.torch.Ops;
import memoria.torch.Scalars;
import memoria.torch.Scope;
import memoria.torch.Tensors;
import memoria.torch.Torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The networks of latent diffusion: a UNet that reads texts, and the autoencoder. */
class LatentNetworksTest {

    private static final UNetConfig TEXT =
            UNetConfig.of(4, 32, 4)
                    .optNumResBlocks(1)
                    .optChannelMult(1, 2)
                    .optAttentionResolutions(1)
                    .optNumHeads(4, -1)
                    .optContext(24, 2);
    private static final AutoencoderConfig KL =
            AutoencoderConfig.of(3, 4, 32)
                    .optChannelMult(1, 1, 2)
                    .optNumResBlocks(1)
                    .optAttentionFactors(4);
    private static final double[] T = {10, 500};

    private final NDManager manager = Torch.manager();

    @AfterEach
    void close() {
        manager.close();
    }

    private NDArray gaussian(String stream, long... shape) {
        return Noise.tensor(manager, stream, Seeds.of(1), 0, new Shape(shape)).squeeze(0);
    }

    /** A network whose every parameter takes part: fresh ones end in layers of zeros. */
    private UNet net(UNetConfig config) {
        UNet net = config.build(Params.fresh(manager, 1));
        stir(net.params());
        return net;
    }

    private void stir(Params params) {
        params.all()
                .forEach(
                        (name, p) ->
                                Autograd.off(
                                        () ->
                                                p.addi(
                                                        Scalars.mul(
                                                                gaussian(
                                                                        name,
                                                                        p.getShape().getShape()),
                                                                0.05))));
    }

    @Test
    void aTextNetworkRebuildsFromItsJsonAndOneWithoutTextKeepsItsOldJson() {
        assertThat(NetworkConfig.of(TEXT.toJson())).isEqualTo(TEXT);
        assertThat(NetworkConfig.of(TEXT.optNumHeadChannels(16).toJson()))
                .isEqualTo(TEXT.optNumHeadChannels(16));
        UNetConfig plain = UNetConfig.of(1, 32, 1);
        assertThat(plain.toJson().has("contextDim")).isFalse();
        assertThat(NetworkConfig.of(plain.toJson())).isEqualTo(plain);
        assertThat(AutoencoderConfig.of(KL.toJson())).isEqualTo(KL);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 7})
    void slicedAttentionIsTheSame(int heads) {
        UNet net = net(TEXT);
        NDArray x = gaussian("x", 2, 4, 8, 8);
        Condition text = Condition.embedding(gaussian("text", 2, 5, 24));
        NDArray whole = Autograd.off(() -> net.forward(x, T, text, Dropout.NONE));
        net.optAttentionSlice(heads);
        NDArray sliced = Autograd.off(() -> net.forward(x, T, text, Dropout.NONE));
        assertThat(largest(whole.sub(sliced))).isLessThan(1e-5);
        NDArray unfused = Autograd.secondOrder(() -> net.forward(x, T, text, Dropout.NONE));
        assertThat(largest(whole.sub(unfused))).isLessThan(1e-4);
    }

    @Test
    void everyPixelsAttentionToTheTextSumsToOne() {
        UNet net = net(TEXT);
        NDArray x = gaussian("x", 2, 4, 8, 8);
        Condition text = Condition.embedding(gaussian("text", 2, 5, 24));
        Map<String, NDArray> maps = net.attentionMaps(x, T, text);
        assertThat(maps.keySet())
                .containsExactly(
                        "input_blocks.1.1",
                        "middle_block.1",
                        "output_blocks.2.1",
                        "output_blocks.3.1");
        assertThat(maps.get("input_blocks.1.1").getShape()).isEqualTo(new Shape(2, 4, 64, 5));
        assertThat(maps.get("middle_block.1").getShape()).isEqualTo(new Shape(2, 4, 16, 5));
        maps.values()
                .forEach(
                        map ->
                                assertThat(largest(Scalars.add(map.sum(new int[] {3}), -1)))
                                        .isLessThan(1e-5));
    }

    @Test
    void gradientsReachImageAndTextAndAgreeWithFiniteDifferencesToSecondOrder() {
        UNet net = net(TEXT);
        NDArray x = gaussian("x", 2, 4, 8, 8);
        NDArray text = gaussian("text", 2, 3, 24);
        Function<NDArray, NDArray> ofX = at -> output(net, at, text);
        Function<NDArray, NDArray> ofText = at -> output(net, x, at);
        agree(ofX, x);
        agree(ofText, text);
    }

    /** One number of the network's answer. */
    private NDArray output(UNet net, NDArray x, NDArray text) {
        NDArray probe = gaussian("probe", 2, 4, 8, 8);
        return net.forward(x, T, Condition.embedding(text), Dropout.NONE).mul(probe).sum();
    }

    /** First and second derivative along one direction, against differences of the function and of the first derivative. */
    private void agree(Function<NDArray, NDArray> f, NDArray at) {
        NDArray along = gaussian("along", at.getShape().getShape());
        double h = 1e-2;
        Function<Double, double[]> slopes =
                step ->
                        Scope.use(
                                () -> {
                                    NDArray leaf = Autograd.leaf(Ops.axpby(1, at, step, along));
                                    NDArray y = Autograd.secondOrder(() -> f.apply(leaf));
                                    NDArray one = manager.ones(y.getShape());
                                    NDArray first =
                                            Autograd.secondOrder(
                                                    () ->
                                                            Autograd.vjpDifferentiable(y, leaf, one)
                                                                    .mul(along)
                                                                    .sum());
                                    double second =
                                            Autograd.grad(first, leaf, false)
                                                    .mul(along)
                                                    .sum()
                                                    .getFloat();
                                    return new double[] {y.getFloat(), first.getFloat(), second};
                                });
        double[] here = slopes.apply(0.0);
        double[] up = slopes.apply(h);
        double[] down = slopes.apply(-h);
        double scale = Math.abs(here[1]) + Math.abs(here[2]);
        assertThat(here[1]).isCloseTo((up[0] - down[0]) / (2 * h), within(0.02 * scale));
        assertThat(here[2]).isCloseTo((up[1] - down[1]) / (2 * h), within(0.02 * scale));
        double fused =
                Scope.use(
                        () -> {
                            NDArray leaf = Autograd.leaf(at);
                            NDArray y = Autograd.on(() -> f.apply(leaf));
                            return (double)
                                    Autograd.grad(y, leaf, false).mul(along).sum().getFloat();
                        });
        assertThat(fused).isCloseTo(here[1], within(1e-3 * scale));
    }

    @Test
    void aDenoiserTakesTextsAndGuidesThem() {
        NoiseSchedule schedule = NoiseSchedule.scaledLinear(1000, 0.00085, 0.012);
        try (NetworkDenoiser model =
                new NetworkDenoiser(net(TEXT), schedule, new Shape(4, 8, 8), new JsonObject())) {
            Condition text = Condition.embedding(gaussian("text", 2, 5, 24));
            Condition empty = Condition.embedding(gaussian("empty", 1, 5, 24));
            NDArray x = gaussian("x", 2, 4, 8, 8);
            NDArray with = model.predict(x, T, text).epsilon();
            NDArray without = model.predict(x, T, empty).epsilon();
            NDArray guided = new Guided(model, empty, 7.5).predict(x, T, text).epsilon();
            NDArray expected = Ops.axpby(7.5, with, -6.5, without);
            assertThat(largest(guided.sub(expected))).isLessThan(1e-4);
            assertThatThrownBy(() -> model.predict(x, T, Condition.none()))
                    .hasMessageContaining("condition")
                    .hasMessageContaining("tokens, 24");
            assertThatThrownBy(() -> model.predict(x, T, Condition.classes(0, 1)))
                    .hasMessageContaining("classes given")
                    .hasMessageContaining("tokens, 24");
            Condition narrow = Condition.embedding(gaussian("narrow", 2, 5, 23));
            assertThatThrownBy(() -> model.predict(x, T, narrow))
                    .hasMessageContaining("(2, 5, 23)")
                    .hasMessageContaining("tokens, 24");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 8, 31, 32})
    void tilesChangeNothingButTheMemory(int rows) {
        AutoencoderKl kl = new AutoencoderKl(KL, Params.fresh(manager, 1));
        stir(kl.params());
        NDArray images = gaussian("images", 2, 3, 32, 24);
        NDArray z = gaussian("z", 2, 4, 8, 6);
        NDArray[] whole = Autograd.off(() -> both(kl.optTile(0), images, z));
        NDArray[] tiled = Autograd.off(() -> both(kl.optTile(rows), images, z));
        assertThat(largest(whole[0].sub(tiled[0]))).isLessThan(1e-4);
        assertThat(largest(whole[1].sub(tiled[1]))).isLessThan(1e-4);
        assertThat(whole[0].getShape()).isEqualTo(new Shape(2, 8, 8, 6));
        assertThat(whole[1].getShape()).isEqualTo(new Shape(2, 3, 32, 24));
    }

    private static NDArray[] both(AutoencoderKl kl, NDArray images, NDArray z) {
        return new NDArray[] {kl.moments(images), kl.decode(z)};
    }

    @Test
    void aDecodedImageHasGradientsInItsLatent() {
        AutoencoderKl kl = new AutoencoderKl(KL, Params.fresh(manager, 1));
        stir(kl.params());
        NDArray z = gaussian("z", 1, 4, 4, 4);
        agree(at -> kl.decode(at).mul(gaussian("probe", 1, 3, 16, 16)).sum(), z);
    }

    @Test
    void imagesAndLatentsOfAnotherShapeAreRefused() {
        AutoencoderKl kl = new AutoencoderKl(KL, Params.fresh(manager, 1));
        assertThatThrownBy(() -> kl.encode(manager.ones(new Shape(1, 3, 18, 16))))
                .hasMessageContaining("images: shape (1, 3, 18, 16)")
                .hasMessageContaining("multiples of 4");
        assertThatThrownBy(() -> kl.decode(manager.ones(new Shape(1, 3, 4, 4))))
                .hasMessageContaining("z: shape (1, 3, 4, 4)")
                .hasMessageContaining("(N, 4, h, w)");
    }

    @Test
    void theDivergenceOfAStandardNormalIsZero() {
        NDArray moments = manager.zeros(new Shape(2, 8, 3, 3));
        AutoencoderKl.Posterior posterior = AutoencoderKl.Posterior.of(moments);
        assertThat(posterior.kl().toFloatArray()).containsExactly(0, 0);
        NDArray noise = gaussian("noise", 2, 4, 3, 3);
        assertThat(posterior.sample(noise).toFloatArray()).containsExactly(noise.toFloatArray());
        NDArray far = Tensors.of(manager, new float[] {0, 50, 0, -50}, new Shape(2, 2, 1, 1));
        assertThat(AutoencoderKl.Posterior.of(far).logVariance().toFloatArray())
                .containsExactly(20, -30);
    }

    private static double largest(NDArray x) {
        return x.abs().max().getFloat();
    }
}
