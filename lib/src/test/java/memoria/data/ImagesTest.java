package memoria.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.stream.Stream;
import memoria.torch.Torch;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ImagesTest {

    private static Images ramp(int count, int channels, int height, int width) {
        float[] data = new float[count * channels * height * width];
        for (int i = 0; i < data.length; i++) {
            data[i] = i;
        }
        return Images.of(data, count, channels, height, width);
    }

    @Test
    void nobodyCanChangeABatchFromOutside() {
        float[] data = {1, 2};
        Images images = Images.of(data, 1, 2, 1, 1);
        data[0] = 9;
        images.all()[0] = 9;
        images.pixels(0)[0] = 9;
        assertThat(images.all()).containsExactly(1, 2);
    }

    @Test
    void slicesOfSlicesReadTheRightImages() {
        Images images = ramp(10, 1, 1, 2).slice(2, 9).slice(1, 4);
        assertThat(images.all()).containsExactly(6, 7, 8, 9, 10, 11);
        assertThat(images.pixels(2)).containsExactly(10, 11);
        assertThat(images.select(2, 0, 2).all()).containsExactly(10, 11, 6, 7, 10, 11);
        assertThat(images.first(1)).isEqualTo(ramp(10, 1, 1, 2).select(3));
        assertThat(Images.concat(images.first(1), images.slice(2, 3)).all())
                .containsExactly(6, 7, 10, 11);
    }

    @Test
    void tensorsComeAndGoUnchanged() {
        Images images = ramp(6, 3, 2, 5).slice(1, 4);
        try (NDManager manager = Torch.manager()) {
            NDArray tensor = images.tensor(manager);
            assertThat(tensor.getShape()).isEqualTo(new Shape(3, 3, 2, 5));
            assertThat(Images.from(tensor)).isEqualTo(images);
            assertThat(Images.from(tensor.toType(DataType.FLOAT64, false))).isEqualTo(images);
            assertThat(Images.from(tensor.reshape(3, 30)).item()).isEqualTo(new Shape(30, 1, 1));
        }
    }

    @Test
    void resizingAveragesTheAreaUnderEachPixel() {
        Images two = Images.of(new float[] {1, 2, 3, 4, 5, 6}, 1, 1, 2, 3);
        // 3 columns to 2: each new column covers one old column and half of the middle one.
        assertThat(two.resize(1, 2).all())
                .containsExactly(
                        (float) ((1 + 4) / 3.0 + (2 + 5) / 6.0),
                        (float) ((3 + 6) / 3.0 + (2 + 5) / 6.0));
        assertThat(two.resize(2, 6).all()).containsExactly(1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6);
        assertThat(two.resize(2, 3)).isSameAs(two);
    }

    @Test
    void resizingKeepsTheMeanOfEveryPlaneAndWorksOnSlices() {
        Images images = ramp(5, 2, 28, 28).slice(2, 4);
        Images small = images.resize(16, 16);
        assertThat(small.item()).isEqualTo(new Shape(2, 16, 16));
        assertThat(small).isEqualTo(ramp(5, 2, 28, 28).resize(16, 16).slice(2, 4));
        for (int plane = 0; plane < 4; plane++) {
            assertThat(mean(small.all(), plane, 256))
                    .isCloseTo(mean(images.all(), plane, 784), within(1e-3));
        }
    }

    private static double mean(float[] values, int plane, int size) {
        double sum = 0;
        for (int i = 0; i < size; i++) {
            sum += values[plane * size + i];
        }
        return sum / size;
    }

    @Test
    void everyLevelOfAnImageFileSurvives() {
        byte[] levels = new byte[256];
        for (int i = 0; i < 256; i++) {
            levels[i] = (byte) i;
        }
        Images images = Images.of(levels, 1, 1, 16, 16);
        assertThat(images.bytes()).isEqualTo(levels);
        assertThat(images.quantized()).isEqualTo(images);
        assertThat(images.pixels(0)[0]).isEqualTo(-1);
        assertThat(images.pixels(0)[255]).isEqualTo(1);
    }

    @Test
    void picturesClipAndKeepTheOrderOfChannels() {
        float[] colour = {-1, 1, 0, 7, Float.NaN, -7};
        Images images = Images.of(colour, 1, 3, 1, 2);
        assertThat(images.picture(0).getRGB(0, 0) & 0xffffff).isEqualTo(0x008000);
        assertThat(images.picture(0).getRGB(1, 0) & 0xffffff).isEqualTo(0xffff00);
        assertThat(ramp(1, 1, 1, 2).picture(0).getRGB(0, 0) & 0xffffff).isEqualTo(0x808080);
    }

    @Test
    void equalityIsOfShapeAndValues() {
        assertThat(ramp(2, 1, 1, 2)).isNotEqualTo(ramp(2, 2, 1, 1)).isNotEqualTo(ramp(1, 2, 1, 2));
        assertThat(ramp(3, 1, 1, 1).slice(1, 2)).hasSameHashCodeAs(ramp(2, 1, 1, 1).slice(1, 2));
    }

    static Stream<Arguments> bad() {
        Images images = ramp(3, 2, 1, 1);
        return Stream.of(
                bad("data: 3 values", () -> Images.of(new float[3], 2, 1, 1, 1)),
                bad("0 x 1 x 1", () -> Images.of(new float[0], 1, 0, 1, 1)),
                bad("-1 x 1", () -> Images.of(new float[0], -1, 1, 1, 1)),
                bad("i: 3", () -> images.pixels(3)),
                bad("i: -1", () -> images.select(0, -1)),
                bad("from, to: 0, 4", () -> images.first(4)),
                bad("from, to: 2, 1", () -> images.slice(2, 1)),
                bad("h, w: 0, 4", () -> images.resize(0, 4)),
                bad("parts: none", Images::concat),
                bad("parts: images of (1, 1, 2)", () -> Images.concat(images, ramp(1, 1, 1, 2))),
                bad(
                        "tensor: shape (2, 3, 4)",
                        () -> {
                            try (NDManager manager = Torch.manager()) {
                                Images.from(manager.zeros(new Shape(2, 3, 4)));
                            }
                        }));
    }

    private static Arguments bad(String message, ThrowingCallable call) {
        return arguments(message, call);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("bad")
    void badInputIsNamed(String message, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }

    @Test
    void theLargestDifferenceFindsTheOnePixelThatDiffers() {
        Images one = Images.of(new float[] {0, 0, 0, 0, 0.5f, 0}, 3, 1, 1, 2);
        Images two = Images.of(new float[] {0, 0, 0, 0, 0.25f, 0}, 3, 1, 1, 2);
        assertThat(one.largestDifference(two)).isEqualTo(0.25);
        assertThat(one.slice(2, 3).largestDifference(two.slice(2, 3))).isEqualTo(0.25);
        assertThat(one.first(2).largestDifference(two.slice(0, 2))).isZero();
        assertThatThrownBy(() -> one.largestDifference(two.first(2)))
                .hasMessageContaining("other: 2 items");
    }

    /** Pictures that are read stay bytes; nothing but memory tells them from others. */
    @Test
    void picturesThatStayBytesAreTheSameImages() {
        byte[] levels = new byte[5 * 3 * 4 * 6 + 7];
        new java.util.Random(1).nextBytes(levels);
        byte[] whole = java.util.Arrays.copyOf(levels, 5 * 3 * 4 * 6);
        Images small = Images.wrap(levels, 5, 3, 4, 6);
        Images large = Images.of(whole, 5, 3, 4, 6);
        assertThat(small).isEqualTo(large).hasSameHashCodeAs(large);
        assertThat(large).isEqualTo(small);
        assertThat(small.sha256()).isEqualTo(large.sha256());
        assertThat(small.all()).isEqualTo(large.all());
        assertThat(small.bytes()).isEqualTo(whole);
        assertThat(small.quantized()).isEqualTo(large);
        Images part = small.slice(1, 4);
        Images other = large.slice(1, 4);
        assertThat(part).isEqualTo(other);
        assertThat(part.pixels(2)).isEqualTo(other.pixels(2));
        assertThat(part.bytes()).isEqualTo(other.bytes());
        assertThat(part.select(2, 0)).isEqualTo(other.select(2, 0)).isNotEqualTo(other.first(2));
        assertThat(part.resize(2, 3)).isEqualTo(other.resize(2, 3));
        assertThat(part.largestDifference(other)).isZero();
        assertThat(part.distance(0, large, 4)).isEqualTo(other.distance(0, small, 4)).isPositive();
        assertThat(part.picture(1).getRGB(5, 3)).isEqualTo(other.picture(1).getRGB(5, 3));
        assertThat(Images.concat(part, small)).isEqualTo(Images.concat(other, large));
        assertThat(Images.concat(part, large)).isEqualTo(Images.concat(other, small));
        part.requireFinite("part");
        try (NDManager manager = Torch.manager()) {
            assertThat(part.tensor(manager).toFloatArray()).isEqualTo(other.all());
        }
        assertThatThrownBy(() -> Images.wrap(whole, 6, 3, 4, 6))
                .hasMessageContaining("levels: 360 values");
    }
}
