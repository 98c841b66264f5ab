package memoria.notebook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import memoria.data.Images;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class PictureTest {

    private static final Series UNSEEN = Series.of("unseen real", sample(300, -1.3, 0.2));
    private static final Series HEAVY = Series.of("heavy", sample(300, -0.5, 0.3));

    static Stream<Arguments> charts() {
        double[] x = sample(40, 0, 1);
        Arrays.sort(x);
        double[] y = sample(40, 0, 1);
        Series clean = Series.xy("unseen", x, y);
        Series heavy = Series.xy("heavy", x, y).band(y, Arrays.stream(y).map(v -> v + 1).toArray());
        double[][][] paths = {{{0, 0}, {1, 1}, {2, 1}}, {{0, 1}, {-1, -1}}};
        return Stream.of(
                Arguments.of("kde", Show.kde("nL2", UNSEEN, HEAVY)),
                Arguments.of("histogram", Show.histogram("nL2", 20, UNSEEN, HEAVY)),
                Arguments.of("box", Show.box("nL2", UNSEEN, HEAVY)),
                Arguments.of("line", Show.line("step", "loss", clean, heavy)),
                Arguments.of("scatter", Show.scatter("FLIPD", "nL2", clean, heavy)),
                Arguments.of(
                        "trajectories",
                        Show.trajectories("x1", "x2", clean, Series.paths("heavy", paths))));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("charts")
    void aChartHasItsSizeItsRolesColoursAndItsMark(String kind, Chart chart) {
        BufferedImage plain = chart.size(600, 400).image();
        assertThat(plain.getWidth()).isEqualTo(600);
        assertThat(plain.getHeight()).isEqualTo(400);
        assertThat(new Color(plain.getRGB(1, 1))).isEqualTo(Color.WHITE);
        assertThat(pixels(plain, Role.UNSEEN.color())).as("grey").isGreaterThan(20);
        assertThat(pixels(plain, Role.HEAVY.color())).as("vermillion").isGreaterThan(20);
        BufferedImage marked = chart.mark(0.2, "limit").image();
        assertThat(different(plain, marked)).as("pixels of the mark").isGreaterThan(100);
        assertThat(chart.toString()).contains("limit at 0.2");
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("charts")
    void labelsAreDrawnAndNothingTouchesTheEdge(String kind, Chart chart) {
        BufferedImage image = chart.title("A title").image();
        int w = image.getWidth();
        int h = image.getHeight();
        assertThat(dark(image, 0, 0, w, 36)).as("title").isGreaterThan(50);
        assertThat(dark(image, 0, h - 28, w, h)).as("legend or axis label").isGreaterThan(20);
        assertThat(dark(image, 0, 0, 60, h)).as("left labels").isGreaterThan(50);
        assertThat(dark(image, 0, 0, 2, h)).as("left edge").isZero();
        assertThat(dark(image, w - 2, 0, w, h)).as("right edge").isZero();
        assertThat(dark(image, 0, h - 2, w, h)).as("lower edge").isZero();
    }

    @Test
    void aLongLegendWrapsInsteadOfBeingCut() {
        Series[] many = new Series[12];
        Arrays.setAll(many, i -> Series.of("a series with a long name " + i, i, i + 1, i + 2));
        BufferedImage image = Show.kde("x", many).image();
        assertThat(dark(image, 0, 0, 2, image.getHeight())).isZero();
        assertThat(dark(image, image.getWidth() - 2, 0, image.getWidth(), image.getHeight()))
                .isZero();
        assertThat(dark(image, 0, image.getHeight() - 80, 720, image.getHeight()))
                .as("four rows of names")
                .isGreaterThan(1500);
    }

    @Test
    void aHeatMapRunsFromDarkToLightWithItsValuesWrittenIn() {
        double[][] values = {{0, 1, 2}, {3, 4, Double.NaN}};
        Picture<?> map =
                Show.heatMap(
                        "c3", new double[] {0, 1, 2}, "limit", new double[] {-1, 0}, "nL2", values);
        BufferedImage image = map.image();
        assertThat(pixels(image, Palette.HEAT[0])).as("lowest").isGreaterThan(1000);
        assertThat(pixels(image, Palette.HEAT[9])).as("highest").isGreaterThan(1000);
        assertThat(pixels(image, Style.GRID)).as("not measured").isGreaterThan(1000);
        assertThat(map.numbers().rowCount()).isEqualTo(6);
        assertThatThrownBy(() -> Show.heatMap("c3", new double[2], "y", new double[2], "z", values))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("values: a row of 3 for 2");
    }

    @Test
    void aSavedFigureHasItsNumbersBesideIt(@TempDir Path folder) throws IOException {
        double[][][] paths = {{{0, 0}, {1, 1}}, {{0, 1}, {-1, -1}}};
        Show.trajectories(
                        "x1",
                        "x2",
                        Series.paths("heavy", paths),
                        Series.xy("unseen", new double[] {5}, new double[] {6}))
                .save(folder.resolve("new/paths"));
        assertThat(ImageIO.read(folder.resolve("new/paths.png").toFile()).getWidth())
                .isEqualTo(560);
        assertThat(folder.resolve("new/paths.csv"))
                .content()
                .isEqualToNormalizingNewlines(
                        """
                        series,path,x1,x2
                        heavy,1,0.0,0.0
                        heavy,1,1.0,1.0
                        heavy,2,0.0,1.0
                        heavy,2,-1.0,-1.0
                        unseen,0,5.0,6.0
                        """);
        Show.box("FLIPD (dimensions)", UNSEEN, HEAVY).save(folder.resolve("box"));
        assertThat(Files.readAllLines(folder.resolve("box.csv")))
                .hasSize(601)
                .startsWith("series,FLIPD (dimensions)");
    }

    @Test
    void theSameThingHasTheSameColourEverywhere() {
        assertThat(Role.of("Heavy, 50 steps")).contains(Role.HEAVY);
        assertThat(Role.of("unguided")).contains(Role.UNGUIDED);
        assertThat(Role.of("cleaned")).isEmpty();
        assertThat(Series.of("the best", 1).as(Role.GUIDED).role()).isEqualTo(Role.GUIDED);
        var inks =
                Palette.inks(
                        java.util.List.of(
                                Series.of("heavy, DDIM", 1),
                                Series.of("heavy, DDPM", 1),
                                Series.of("other", 1)));
        assertThat(inks.get(0).color()).isEqualTo(inks.get(1).color());
        assertThat(inks.get(1).stroke().getDashArray()).isNotNull();
        assertThat(inks.get(2).color()).isNotEqualTo(inks.get(0).color());
    }

    @Test
    void badInputIsNamed() {
        assertThatThrownBy(() -> Show.kde("nL2"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("series");
        assertThatThrownBy(() -> Show.kde(" ", UNSEEN)).hasMessageContaining("label");
        assertThatThrownBy(() -> Show.kde("nL2", UNSEEN, UNSEEN)).hasMessageContaining("same name");
        assertThatThrownBy(() -> Show.histogram("nL2", 0, UNSEEN)).hasMessageContaining("bins: 0");
        assertThatThrownBy(() -> Series.of("a", 1, Double.NaN))
                .hasMessageContaining("values[1]: NaN in series 'a'");
        assertThatThrownBy(() -> Series.xy("a", new double[2], new double[3]))
                .hasMessageContaining("2 numbers for 3 points");
        assertThatThrownBy(() -> Show.kde("nL2", UNSEEN).mark(Double.NaN, "limit"))
                .hasMessageContaining("limit");
        assertThatThrownBy(() -> Show.kde("nL2", UNSEEN).logX().image())
                .hasMessageContaining("logarithmic");
    }

    @Test
    void chartsOfOneValueOrOneEqualValueAreDrawn() {
        assertThat(Show.kde("x", Series.of("heavy", 0)).image()).isNotNull();
        assertThat(Show.histogram("x", 5, Series.of("heavy", 2, 2, 2)).image()).isNotNull();
        assertThat(Show.box("x", Series.of("heavy", 2)).image()).isNotNull();
        assertThat(pixels(Show.kde("x", Series.of("heavy", 3, 3)).image(), Role.HEAVY.color()))
                .isGreaterThan(20);
    }

    @Test
    void smallImagesAreEnlargedByWholeFactorsWithoutSmoothing() {
        float[] checks = new float[2 * 256];
        for (int i = 0; i < checks.length; i++) {
            checks[i] = (i + i / 16) % 2 == 0 ? 1 : -1;
        }
        BufferedImage image = Show.grid(Images.of(checks, 2, 1, 16, 16)).image();
        long black = pixels(image, Color.BLACK);
        assertThat(black).as("half of two tiles of 48 x 48, no grey").isEqualTo(2 * 48 * 48 / 2);
        assertThat(image.getWidth()).isGreaterThanOrEqualTo(2 * 48);
    }

    @Test
    void pairsStandSideBySideWithTheirScoresAndAHighlight() {
        Images dark = Images.of(filled(3 * 256, -1), 3, 1, 16, 16);
        Images light = Images.of(filled(3 * 256, 0), 3, 1, 16, 16);
        Grid pairs = Show.pairs(dark, light, "nL2", new double[] {-0.1, -0.5, -1.2});
        assertThat(pairs.toString()).contains("3 pairs", "nL2 -0.10 | nL2 -0.50 | nL2 -1.20");
        BufferedImage plain = pairs.image();
        assertThat(pixels(plain, Role.HEAVY.color())).isZero();
        assertThat(pixels(pairs.highlight(true, false, false).image(), Role.HEAVY.color()))
                .isGreaterThan(200);
        assertThat(pairs.numbers().stringColumn("batch").countUnique()).isEqualTo(2);
        assertThatThrownBy(() -> Show.pairs(dark, light.first(2), "nL2", new double[3]))
                .hasMessageContaining("right: 2 images for 3");
        assertThatThrownBy(() -> Show.grid(Images.of(new float[16], 1, 4, 2, 2)))
                .hasMessageContaining("images: 4 channels");
        assertThatThrownBy(() -> Show.grid(dark).captions("a")).hasMessageContaining("captions: 1");
        assertThatThrownBy(() -> Show.grid(dark, light).rows("a")).hasMessageContaining("labels");
    }

    @Test
    void largeImagesAreShrunkAndColumnsCanBeSet() {
        Images large = Images.of(new float[4 * 3 * 512 * 512], 4, 3, 512, 512);
        BufferedImage square = Show.grid(large).columns(2).image();
        assertThat(square.getWidth()).isBetween(2 * 150, 2 * 220);
        assertThat(square.getHeight()).isBetween(2 * 150, 2 * 220);
    }

    /** On a machine without fonts charts are words with a remedy, images are still shown. */
    @Test
    @EnabledOnOs(OS.LINUX)
    void withoutFontsChartsBecomeTextAndGridsLoseTheirCaptions(@TempDir File home)
            throws Exception {
        File config = new File(home, "fonts.conf");
        java.nio.file.Files.writeString(config.toPath(), "<fontconfig></fontconfig>");
        ProcessBuilder java =
                new ProcessBuilder(
                        System.getProperty("java.home") + "/bin/java",
                        "-Xmx256m",
                        "-Duser.home=" + home,
                        "-Dprism.order=none",
                        "-cp",
                        System.getProperty("java.class.path"),
                        WithoutFonts.class.getName());
        java.environment().put("FONTCONFIG_FILE", config.getPath());
        Process process = java.redirectErrorStream(true).start();
        String out = new String(process.getInputStream().readAllBytes());
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(out.strip()).isEqualTo("false true true");
    }

    /** What a machine without fonts is asked. */
    static final class WithoutFonts {
        public static void main(String[] args) {
            Map<String, Object> chart = Show.kde("nL2", UNSEEN).bundle();
            Grid grid = Show.grid(Images.of(new float[256], 1, 1, 16, 16)).rows("a").captions("b");
            System.out.println(
                    chart.containsKey("image/png")
                            + " "
                            + String.valueOf(chart.get("text/plain")).contains("apt-get install")
                            + " "
                            + grid.bundle().containsKey("image/png"));
        }
    }

    private static double[] sample(int n, double mean, double s) {
        SplittableRandom random = new SplittableRandom(7);
        double[] values = new double[n];
        Arrays.setAll(values, i -> mean + s * random.nextGaussian());
        return values;
    }

    private static float[] filled(int n, float value) {
        float[] values = new float[n];
        Arrays.fill(values, value);
        return values;
    }

    private static long pixels(BufferedImage image, Color color) {
        int[] all = all(image);
        return Arrays.stream(all)
                .filter(p -> (p & 0xFFFFFF) == (color.getRGB() & 0xFFFFFF))
                .count();
    }

    private static long dark(BufferedImage image, int x0, int y0, int x1, int y1) {
        return Arrays.stream(image.getRGB(x0, y0, x1 - x0, y1 - y0, null, 0, x1 - x0))
                .filter(p -> ((p >> 16 & 255) + (p >> 8 & 255) + (p & 255)) < 450)
                .count();
    }

    private static long different(BufferedImage a, BufferedImage b) {
        int[] pa = all(a);
        int[] pb = all(b);
        return java.util.stream.IntStream.range(0, pa.length).filter(i -> pa[i] != pb[i]).count();
    }

    private static int[] all(BufferedImage image) {
        return image.getRGB(0, 0, image.getWidth(), image.getHeight(), null, 0, image.getWidth());
    }
}
