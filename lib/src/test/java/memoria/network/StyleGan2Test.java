package memoria.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import java.util.List;
import memoria.data.Images;
import memoria.diffusion.Seeds;
import memoria.network.StyleGan2Config.Architecture;
import memoria.torch.NativeMemory;
import memoria.torch.Ops;
import memoria.torch.Scalars;
import memoria.torch.Scope;
import memoria.torch.Torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class StyleGan2Test {

    private static final StyleGan2Config SMALL =
            StyleGan2Config.of(8, 0, 12, 16, 3)
                    .with("mappingLayers", 2)
                    .with("channelBase", 128)
                    .with("channelMax", 16);

    private static StyleGan2 fresh(StyleGan2Config config) {
        return new StyleGan2(config, Params.fresh(Torch.manager(), 3), new JsonObject());
    }

    @ParameterizedTest
    @EnumSource(Architecture.class)
    void anImageDependsOnItsOwnSeedOnly(Architecture architecture) {
        try (StyleGan2 gan = fresh(SMALL.with("architecture", architecture.name()))) {
            Images all = gan.sample(Seeds.range(0, 5));
            Images one = gan.sample(Seeds.range(3, 4));
            assertThat(all.item()).isEqualTo(new Shape(3, 16, 16));
            assertThat(one.largestDifference(all.select(3))).isLessThan(1e-4);
            assertThat(all.select(0).largestDifference(all.select(1))).isGreaterThan(1e-2);
        }
    }

    @Test
    void theScaledInputIsTheScaledWeight() {
        // One image through the layer as the paper writes it: its own modulated, demodulated
        // weights.
        Scope.run(
                () -> {
                    var manager = Torch.manager();
                    NDArray x = manager.randomNormal(new Shape(1, 4, 8, 8));
                    NDArray w = manager.randomNormal(new Shape(6, 4, 3, 3));
                    NDArray s = manager.randomNormal(new Shape(1, 4));
                    NDArray scaled = w.mul(s.reshape(1, 4, 1, 1));
                    NDArray norm =
                            Scalars.add(scaled.square().sum(new int[] {1, 2, 3}, true), 1e-8)
                                    .sqrt();
                    NDArray expected =
                            Ops.conv2d(x, scaled.div(norm), manager.zeros(new Shape(6)), 1, 1);
                    NDArray f = manager.ones(new Shape(4, 4));
                    NDArray ours = StyleLayers.modulatedConv2d(x, w, s, f, 1, true);
                    assertThat(ours.sub(expected).abs().max().getFloat()).isLessThan(1e-4f);
                });
    }

    @Test
    void classesChangeTheImageAndMustBeNamed() {
        try (StyleGan2 gan = fresh(SMALL.with("cDim", 4))) {
            Seeds seeds = Seeds.range(0, 2);
            assertThatThrownBy(() -> gan.sample(seeds)).hasMessageContaining("ofClass");
            assertThatThrownBy(() -> gan.ofClass(4)).hasMessageContaining("label: 4");
            Images first = gan.ofClass(0).sample(seeds);
            assertThat(gan.ofClass(3).sample(seeds).largestDifference(first)).isGreaterThan(1e-3);
        }
    }

    @Test
    void truncationDrawsStylesToTheirMean() {
        try (StyleGan2 gan = fresh(SMALL)) {
            Images mean = gan.optTruncation(0).sample(Seeds.range(0, 2));
            assertThat(mean.select(0).largestDifference(mean.select(1))).isLessThan(1e-5);
            assertThatThrownBy(() -> gan.optTruncation(0.5, 7)).hasMessageContaining("cutoff: 7");
            assertThatThrownBy(() -> gan.optTruncation(Double.NaN)).hasMessageContaining("psi");
        }
    }

    @Test
    void longFiltersAreStoredAsOneAxis() {
        var taps = List.of(1.0, 2.0, 3.0, 4.0, 4.0, 3.0, 2.0, 1.0);
        try (StyleGan2 gan = fresh(SMALL.with("resampleFilter", taps))) {
            assertThat(gan.params().all().get("synthesis.b8.resample_filter").getShape())
                    .isEqualTo(new Shape(8));
            assertThat(gan.sample(Seeds.range(0, 1)).item()).isEqualTo(new Shape(3, 16, 16));
        }
    }

    @Test
    void theCifar10GeneratorHasItsPublishedSize() {
        // All blocks have 512 channels: counted from the paper's layers, not from the code.
        long styles = 512 * 512 + 512;
        long convolution = styles + 512 * 512 * 9 + 512 + 1;
        long image = styles + 3 * 512 + 3;
        long expected = 2 * styles + 512 * 4 * 4 + 7 * convolution + 4 * image;
        Params shapes = Params.shapes(Torch.manager());
        try (StyleGan2 gan = new StyleGan2(StyleGan2Config.cifar10(0), shapes, new JsonObject())) {
            long trainable =
                    gan.params().trainable().values().stream().mapToLong(NDArray::size).sum();
            assertThat(trainable).isEqualTo(expected);
            assertThat(gan.config().numWs()).isEqualTo(8);
            assertThat(gan.sample(Seeds.range(0, 2)).item()).isEqualTo(new Shape(3, 32, 32));
        }
    }

    @Test
    void nativeMemoryStaysFlat() {
        try (StyleGan2 gan = fresh(SMALL)) {
            Runnable once = () -> gan.sample(Seeds.range(0, 2));
            assertThat(NativeMemory.growth(once, 100, 1000)).isLessThan(24L << 20);
        }
    }

    @Test
    void badConfigurationsAreNamed() {
        assertThatThrownBy(() -> SMALL.with("imgResolution", 24))
                .hasMessageContaining("imgResolution: 24");
        assertThatThrownBy(() -> SMALL.with("mappingLayers", 0))
                .hasMessageContaining("mappingLayers: 0");
        assertThatThrownBy(() -> SMALL.with("nobody", 0)).hasMessageContaining("'nobody'");
        try (StyleGan2 gan = fresh(SMALL)) {
            NDArray wrong = gan.manager().zeros(new Shape(2, 7));
            assertThatThrownBy(() -> gan.forward(wrong)).hasMessageContaining("z: shape");
            assertThatThrownBy(() -> gan.synthesis(wrong)).hasMessageContaining("ws: shape");
        }
    }
}
