package memoria.notebook;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Map;
import javax.imageio.ImageIO;
import memoria.notebook.fake.BaseKernel;
import memoria.notebook.fake.RenderFunction;
import memoria.progress.Progress;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tech.tablesaw.api.DoubleColumn;
import tech.tablesaw.api.StringColumn;
import tech.tablesaw.api.Table;

class ShowTest {

    private static final String PACKAGE = "memoria.notebook.fake";

    private BaseKernel kernel;

    private void startKernel() throws ReflectiveOperationException {
        kernel = BaseKernel.running = new BaseKernel();
        Kernel.use(BaseKernelAdapter.find(PACKAGE + ".BaseKernel", "notebookKernel", PACKAGE));
    }

    @AfterEach
    void stopKernel() {
        BaseKernel.running = null;
        Kernel.use(null);
        Show.saveTo(null);
        Thread.interrupted();
    }

    @Test
    void aPictureReachesTheKernelAsACompletePngWithItsText() throws Exception {
        startKernel();
        Show.kde("nL2", Series.of("clean", -1.2, -1.1, -1.3)).size(400, 300).show();
        Map<String, Object> sent = kernel.displayed.get(0).data;
        byte[] png = Base64.getDecoder().decode((String) sent.get("image/png"));
        BufferedImage image = ImageIO.read(new ByteArrayInputStream(png));
        assertThat(image.getWidth()).isEqualTo(400);
        assertThat(image.getHeight()).isEqualTo(300);
        assertThat(new String(png, png.length - 8, 4, StandardCharsets.ISO_8859_1))
                .as("last chunk")
                .isEqualTo("IEND");
        assertThat((String) sent.get("text/plain")).startsWith("nL2").contains("clean: n = 3");
        assertThat(kernel.displayed.get(0).id).isNotEmpty();
    }

    @Test
    void aDisplayableThatIsACellsResultRendersItself() throws Exception {
        startKernel();
        assertThat(kernel.renderedType).isEqualTo(Displayable.class);
        var context = new RenderFunction.RenderContext();
        kernel.renderFunction.render(Displayable.of("text/html", "<b>x</b>", "x"), context);
        assertThat(context.getOutputContainer().data)
                .isEqualTo(Map.of("text/html", "<b>x</b>", "text/plain", "x"));
    }

    @Test
    void aLiveValueIsUpdatedUnderItsId() throws Exception {
        startKernel();
        Live live = Show.live("one");
        live.update("two");
        assertThat(kernel.displayed).hasSize(1);
        assertThat(kernel.updated).hasSize(1);
        assertThat(kernel.updated.get(0).id).isEqualTo(kernel.displayed.get(0).id);
        assertThat(kernel.updated.get(0).data).isEqualTo(Map.of("text/plain", "two"));
    }

    @Test
    void anInterruptedThreadCanStillShowAndStaysInterrupted() throws Exception {
        startKernel();
        Thread.currentThread().interrupt();
        Show.show("kept 12 images");
        assertThat(kernel.displayed).hasSize(1);
        assertThat(kernel.interruptedWhileSending).isFalse();
        assertThat(Thread.currentThread().isInterrupted()).isTrue();
    }

    @Test
    void aLoopShowsABarInANotebookThatNeverUsedShow() throws Exception {
        startKernel();
        try (Progress p = Progress.start("Training", 10)) {
            p.at(10);
        }
        assertThat((String) kernel.displayed.get(0).data.get("text/html"))
                .contains("<progress", "Training");
        assertThat((String) kernel.updated.get(0).data.get("text/html"))
                .contains("value=\"1.0000\"", "10/10");
    }

    @Test
    void outsideANotebookTheTextIsPrintedOnceUntilItChanges() {
        assertThat(Show.inNotebook()).isFalse();
        String out =
                printed(
                        () -> {
                            Live live = Show.live("one");
                            live.update("one");
                            live.update("two");
                            Show.markdown("*three*");
                            Show.latex("x^2");
                        });
        assertThat(out.lines()).containsExactly("one", "two", "*three*", "x^2");
    }

    @Test
    void formulasAndMarkdownHaveTheirMimeTypes() throws Exception {
        startKernel();
        Show.latex("\\hat x_0");
        Show.latex("with $x$ inside");
        Show.markdown("# Title");
        assertThat(kernel.displayed.get(0).data).containsEntry("text/latex", "$$\\hat x_0$$");
        assertThat(kernel.displayed.get(1).data).containsEntry("text/latex", "with $x$ inside");
        assertThat(kernel.displayed.get(2).data).containsEntry("text/markdown", "# Title");
    }

    @Test
    void tablesAreRoundedEscapedAlignedAndCut() throws Exception {
        startKernel();
        StringColumn names = StringColumn.create("model");
        DoubleColumn values = DoubleColumn.create("share");
        for (int i = 0; i < 60; i++) {
            names.append("a<b" + i);
            values.append(i / 7.0);
        }
        Show.table(Table.create("Shares", names, values));
        String html = (String) kernel.displayed.get(0).data.get("text/html");
        assertThat(html).contains("Shares", "a&lt;b1", "0.143", "10 more rows");
        assertThat(html).doesNotContain("a<b", "a&lt;b55");
        assertThat(html).contains("text-align:right\">0.143");
        assertThat((String) kernel.displayed.get(0).data.get("text/plain"))
                .contains("a<b1   0.143");
    }

    @Test
    void figuresAreSavedWithTheNumbersBehindThem(@TempDir Path folder) throws IOException {
        Show.saveTo(folder.resolve("figures"));
        printed(
                () -> {
                    Show.kde("nL2", Series.of("clean", -1, -2)).title("Null, 1%").show();
                    Show.line(
                                    "step",
                                    "loss",
                                    Series.xy("train", new double[] {1, 2}, new double[] {3, 4}))
                            .show();
                });
        Path figures = folder.resolve("figures");
        assertThat(figures.resolve("01-null-1.csv"))
                .content()
                .isEqualToNormalizingNewlines("series,nL2\nclean,-1.0\nclean,-2.0\n");
        assertThat(ImageIO.read(figures.resolve("01-null-1.png").toFile())).isNotNull();
        assertThat(Files.readString(figures.resolve("02-loss-against-step.csv")))
                .contains("series,step,loss")
                .contains("train,1.0,3.0");
    }

    private static String printed(Runnable code) {
        PrintStream before = System.out;
        var bytes = new ByteArrayOutputStream();
        System.setOut(new PrintStream(bytes, true, StandardCharsets.UTF_8));
        try {
            code.run();
        } finally {
            System.setOut(before);
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }
}
