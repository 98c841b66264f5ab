package memoria.notebook;

import java.awt.image.RenderedImage;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import memoria.data.Images;
import memoria.stablediffusion.Attribution;
import tech.tablesaw.api.Table;

/**
 * Rich output from a notebook cell or from library code, on any Java kernel; plain text where there is none.
 *
 * <p>Verbs that return nothing show something now. Verbs that return a {@link Picture} make one: its last verb is
 * {@code show()}. Colours are by {@link Role}, the same in every notebook.
 */
public final class Show {

    private Show() {}

    /**
     * Whether a known kernel runs this code.
     *
     * @return false where output is plain text
     */
    public static boolean inNotebook() {
        return Kernel.running() != null;
    }

    /**
     * Shows a value below the running cell.
     *
     * @param value a {@link Displayable}, a Tablesaw table, an image, or anything whose text says what it is
     */
    public static void show(Object value) {
        if (value instanceof Picture<?> picture) {
            Figures.save(picture);
        }
        live(value);
    }

    /**
     * Shows a value that will be replaced. Assign the result: an unassigned value is printed by the cell.
     *
     * @param value as for {@link #show(Object)}
     * @return the handle to replace it with
     */
    public static Live live(Object value) {
        Live live = new Live();
        live.update(value);
        return live;
    }

    /**
     * Shows Markdown.
     *
     * @param text the source
     */
    public static void markdown(String text) {
        show(Displayable.of("text/markdown", text, text));
    }

    /**
     * Shows a formula.
     *
     * @param formula LaTeX, with or without its dollar signs
     */
    public static void latex(String formula) {
        String source = formula.contains("$") ? formula : "$$" + formula + "$$";
        show(Displayable.of("text/latex", source, formula));
    }

    /**
     * Shows HTML.
     *
     * @param html the source
     * @param text what is shown where only text is
     */
    public static void html(String html, String text) {
        show(Displayable.of("text/html", html, text));
    }

    /**
     * Shows a table: numbers rounded and aligned, long tables cut.
     *
     * @param table any table; its name is the caption
     */
    public static void table(Table table) {
        show(table);
    }

    /**
     * Images in rows, one block per batch.
     *
     * @param batches one or more batches of images with 1 or 3 channels
     * @return the grid, to be refined and shown
     * @throws IllegalArgumentException if there is no batch, or one has neither 1 nor 3 channels
     */
    public static Grid grid(Images... batches) {
        return Grid.of(batches);
    }

    /**
     * Generated images beside their nearest training images.
     *
     * @param generated images of a model
     * @param nearest for each its nearest training image
     * @param captions for each a few words, usually the score
     * @return the grid, to be refined and shown
     * @throws IllegalArgumentException if the counts differ
     */
    public static Grid pairs(Images generated, Images nearest, String[] captions) {
        return Grid.pairs(generated, nearest, captions);
    }

    /**
     * Generated images beside their nearest training images, with a score under each pair.
     *
     * @param generated images of a model
     * @param nearest for each its nearest training image
     * @param score the score's name, for example {@code nL2}
     * @param scores for each its score
     * @return the grid, to be refined and shown
     * @throws IllegalArgumentException if the counts differ
     */
    public static Grid pairs(Images generated, Images nearest, String score, double[] scores) {
        var format = Numbers.formatter(scores, 3);
        String[] captions = new String[scores.length];
        Arrays.setAll(captions, i -> score + " " + format.apply(scores[i]));
        return Grid.pairs(generated, nearest, captions);
    }

    /**
     * Kernel density estimates of one quantity (Gaussian kernel, Silverman's bandwidth).
     *
     * @param quantity what is measured, with its unit
     * @param series one curve each; unseen real images belong among them
     * @return the chart, to be refined and shown
     * @throws IllegalArgumentException if there is no series or two have the same name
     */
    public static Chart kde(String quantity, Series... series) {
        return new XyCharts.Density(quantity, series);
    }

    /**
     * Histograms of one quantity in shared bins.
     *
     * @param quantity what is measured, with its unit
     * @param bins how many bins from the smallest to the largest value, at least 1
     * @param series one histogram each
     * @return the chart, to be refined and shown
     * @throws IllegalArgumentException if there is no bin or no series or two have the same name
     */
    public static Chart histogram(String quantity, int bins, Series... series) {
        return new XyCharts.Histogram(quantity, bins, series);
    }

    /**
     * Curves, with a band around those that have one.
     *
     * @param x what runs along the horizontal axis, with its unit
     * @param y what runs along the vertical axis, with its unit
     * @param series one curve each, see {@link Series#xy} and {@link Series#band}
     * @return the chart, to be refined and shown
     * @throws IllegalArgumentException if there is no series or two have the same name
     */
    public static Chart line(String x, String y, Series... series) {
        return new XyCharts.Line(x, y, series);
    }

    /**
     * Clouds of points.
     *
     * @param x what runs along the horizontal axis, with its unit
     * @param y what runs along the vertical axis, with its unit
     * @param series one cloud each, see {@link Series#xy}
     * @return the chart, to be refined and shown
     * @throws IllegalArgumentException if there is no series or two have the same name
     */
    public static Chart scatter(String x, String y, Series... series) {
        return new XyCharts.Scatter(x, y, series);
    }

    /**
     * One box per series: quartiles, whiskers from the 5th to the 95th percentile, a dot for each value beyond.
     *
     * @param quantity what is measured, with its unit
     * @param series one box each
     * @return the chart, to be refined and shown
     * @throws IllegalArgumentException if there is no series or two have the same name
     */
    public static Chart box(String quantity, Series... series) {
        return new BoxPlot(quantity, series);
    }

    /**
     * Lying bars: for each label one bar per series, with a whisker where the series has a band.
     *
     * @param quantity what is measured, with its unit
     * @param labels one per value, from the top
     * @param series one colour each, with as many values as there are labels
     * @return the chart, to be refined and shown
     * @throws IllegalArgumentException if there is no series, two have the same name, or a count differs
     */
    public static Chart bars(String quantity, String[] labels, Series... series) {
        return new Bars(quantity, labels, series);
    }

    /**
     * Shows prompts with their tokens coloured by how much each drives memorization.
     *
     * @param title what the weights are
     * @param attributions one line each
     */
    public static void tokens(String title, List<Attribution> attributions) {
        show(TokenView.of(title, attributions));
    }

    /**
     * A quantity over two others that were swept.
     *
     * @param x what varies from column to column, with its unit
     * @param xs its values
     * @param y what varies from row to row, with its unit
     * @param ys its values, from below
     * @param quantity what was measured, with its unit
     * @param values by row and column; not-a-number where nothing was measured
     * @return the picture, to be refined and shown
     * @throws IllegalArgumentException if the shapes differ or no value is finite
     */
    public static Picture<?> heatMap(
            String x, double[] xs, String y, double[] ys, String quantity, double[][] values) {
        return new HeatMap(x, xs, y, ys, quantity, values);
    }

    /**
     * Paths in the plane, over clouds of points. A unit is equally long on both axes.
     *
     * @param x the first coordinate, with its unit
     * @param y the second coordinate, with its unit
     * @param series bundles of paths ({@link Series#paths}) and clouds ({@link Series#xy}), drawn in this order
     * @return the chart, to be refined and shown
     * @throws IllegalArgumentException if there is no series or two have the same name
     */
    public static Chart trajectories(String x, String y, Series... series) {
        return new XyCharts.Trajectories(x, y, series);
    }

    /**
     * Saves every chart and grid that is shown from now on, as PNG and with the numbers behind it as CSV, numbered in order.
     *
     * @param folder where to, made if it is not there; null to stop saving
     */
    public static void saveTo(Path folder) {
        Figures.saveTo(folder);
    }

    static Displayable displayable(Object value) {
        if (value instanceof Displayable d) {
            return d;
        }
        if (value instanceof Table table) {
            String name = table.name() == null ? "" : table.name();
            return TableView.of(name, table);
        }
        if (value instanceof RenderedImage image) {
            return Displayable.of(
                    "image/png",
                    Base64.getEncoder().encodeToString(Style.png(image)),
                    "image of " + image.getWidth() + "x" + image.getHeight() + " pixels");
        }
        String text = String.valueOf(value);
        return () -> Map.of("text/plain", text);
    }
}
