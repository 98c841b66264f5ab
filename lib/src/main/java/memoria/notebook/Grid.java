package memoria.notebook;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import memoria.data.Images;
import tech.tablesaw.api.DoubleColumn;
import tech.tablesaw.api.IntColumn;
import tech.tablesaw.api.StringColumn;
import tech.tablesaw.api.Table;

/**
 * Images side by side: small ones enlarged by whole factors without smoothing, so that a pixel stays a pixel. Made by {@link Show}; its last
 * verb is {@link #show()}.
 *
 * <pre>{@code
 * Show.grid(plain.images(), guided.images()).rows("unguided", "guided").show();
 * }</pre>
 */
public final class Grid extends Picture<Grid> {

    private static final int TILE = 48;
    private static final int MAX_TILE = 192;
    private static final int MAX_WIDTH = 960;
    private static final int MAX_COLUMNS = 16;
    private static final int GAP = 4;
    private static final int MARGIN = 10;
    private static final int LINE = 17;
    private static final int MAX_NUMBERS = 4096;

    /** A hairline around each image: light ones would melt into the page. */
    private static final Color EDGE = new Color(0xC8C8C8);

    private static final Color HIGHLIGHT = Role.HEAVY.color();

    private final List<Images> batches;
    private final boolean paired;
    private String[] captions = {};
    private String[] rows = {};
    private boolean[] highlighted = {};
    private int columns;

    private Grid(boolean paired, Images... batches) {
        if (batches.length == 0) {
            throw new IllegalArgumentException("images: at least one batch is needed");
        }
        for (Images batch : batches) {
            if (batch.channels() != 1 && batch.channels() != 3) {
                throw new IllegalArgumentException(
                        "images: "
                                + batch.channels()
                                + " channels; 1 (grey) or 3 (colour) make a picture");
            }
        }
        this.batches = List.of(batches);
        this.paired = paired;
    }

    static Grid of(Images... batches) {
        return new Grid(false, batches);
    }

    static Grid pairs(Images left, Images right, String... captions) {
        if (left.count() != right.count()) {
            throw new IllegalArgumentException(
                    "right: " + right.count() + " images for " + left.count() + " on the left");
        }
        return new Grid(true, left, right)
                .captions(captions)
                .title("Generated (left) and its nearest training image (right)");
    }

    /**
     * Writes a caption under each image or pair.
     *
     * @param captions one each, in order over all batches
     * @return this
     * @throws IllegalArgumentException if there are more or fewer than images or pairs
     */
    public Grid captions(String... captions) {
        requireCount("captions", captions.length);
        this.captions = captions.clone();
        return this;
    }

    /**
     * Draws a frame around some images or pairs, for example those that count as memorized.
     *
     * @param which one flag each, in order over all batches
     * @return this
     * @throws IllegalArgumentException if there are more or fewer than images or pairs
     */
    public Grid highlight(boolean... which) {
        requireCount("which", which.length);
        this.highlighted = which.clone();
        return this;
    }

    private void requireCount(String name, int count) {
        if (count != cells()) {
            throw new IllegalArgumentException(
                    name + ": " + count + " for " + cells() + (paired ? " pairs" : " images"));
        }
    }

    /**
     * Writes a caption to the left of each batch.
     *
     * @param labels one per batch
     * @return this
     * @throws IllegalArgumentException if there are more or fewer than batches
     */
    public Grid rows(String... labels) {
        if (labels.length != blocks()) {
            throw new IllegalArgumentException(
                    "labels: " + labels.length + " for " + blocks() + " batch(es)");
        }
        this.rows = labels.clone();
        return this;
    }

    /**
     * Sets how many images or pairs stand in a row.
     *
     * @param count at least 1; without this call as many as fit, at most 16
     * @return this
     * @throws IllegalArgumentException if count is below 1
     */
    public Grid columns(int count) {
        if (count < 1) {
            throw new IllegalArgumentException("count: " + count + " columns");
        }
        this.columns = count;
        return this;
    }

    private int blocks() {
        return paired ? 1 : batches.size();
    }

    private int cells() {
        return paired ? batches.get(0).count() : batches.stream().mapToInt(Images::count).sum();
    }

    @Override
    boolean needsFonts() {
        return false;
    }

    /** Sizes in pixels that follow from the images and the captions. */
    private record Layout(int tile, int high, int cell, int line, int left, int columns) {
        int cellHeight() {
            return high + line;
        }
    }

    private Layout layout() {
        Images first = batches.get(0);
        int factor = Math.max(1, (TILE + first.width() - 1) / first.width());
        int tile = Math.min(MAX_TILE, first.width() * factor);
        int high = Math.max(1, tile * first.height() / first.width());
        boolean text = Style.fontsWork();
        int images = paired ? 2 * tile + 2 : tile;
        int cell = images;
        int left = MARGIN;
        if (text) {
            Graphics2D g = Style.canvas(1, 1).createGraphics();
            FontMetrics small = g.getFontMetrics(Style.font(11));
            FontMetrics normal = g.getFontMetrics(Style.font(13));
            for (String c : captions) {
                cell = Math.max(cell, Math.min(small.stringWidth(c), 2 * images));
            }
            for (String r : rows) {
                left = Math.max(left, normal.stringWidth(r) + 2 * MARGIN);
            }
            g.dispose();
        }
        int longest =
                paired ? cells() : batches.stream().mapToInt(Images::count).max().orElseThrow();
        int space = cell + (paired ? 3 * GAP : GAP);
        int fit = Math.max(1, Math.min(MAX_COLUMNS, (MAX_WIDTH - left) / space));
        int across = Math.max(1, Math.min(longest, columns > 0 ? columns : fit));
        return new Layout(tile, high, cell, text && captions.length > 0 ? LINE : 0, left, across);
    }

    @Override
    public BufferedImage image() {
        Layout at = layout();
        int gapX = paired ? 3 * GAP : GAP;
        int top = MARGIN + (title().isEmpty() || !Style.fontsWork() ? 0 : 26);
        int lines = 0;
        for (int b = 0; b < blocks(); b++) {
            lines += (batches.get(b).count() + at.columns - 1) / at.columns;
        }
        int height = top + lines * (at.cellHeight() + GAP) + (blocks() - 1) * 2 * GAP + MARGIN;
        int width = at.left + at.columns * (at.cell + gapX) - gapX + MARGIN;
        BufferedImage image = Style.canvas(Math.max(width, titleWidth()), height);
        Graphics2D g = Style.smooth(image);
        g.setRenderingHint(
                RenderingHints.KEY_INTERPOLATION,
                RenderingHints.VALUE_INTERPOLATION_NEAREST_NEIGHBOR);
        text(g, title(), MARGIN, MARGIN + 14, true);
        int y = top;
        int cell = 0;
        for (int b = 0; b < blocks(); b++) {
            if (rows.length > 0) {
                text(g, rows[b], MARGIN, y + at.high / 2 + 5, false);
            }
            int count = batches.get(b).count();
            for (int i = 0; i < count; i++, cell++) {
                int x = at.left + i % at.columns * (at.cell + gapX);
                cell(g, at, b, i, cell, x, y + i / at.columns * (at.cellHeight() + GAP));
            }
            y += (count + at.columns - 1) / at.columns * (at.cellHeight() + GAP) + 2 * GAP;
        }
        g.dispose();
        return image;
    }

    /** A picture to be drawn at the tile's size: large images are averaged down to it here, small ones enlarged by the drawing. */
    private static BufferedImage picture(Images batch, int index, Layout at) {
        return batch.width() > at.tile
                ? batch.slice(index, index + 1).resize(at.high, at.tile).picture(0)
                : batch.picture(index);
    }

    private void cell(Graphics2D g, Layout at, int batch, int index, int cell, int x, int y) {
        int images = paired ? 2 * at.tile + 2 : at.tile;
        int left = x + (at.cell - images) / 2;
        g.setColor(EDGE);
        g.fillRect(left - 1, y - 1, images + 2, at.high + 2);
        g.drawImage(picture(batches.get(batch), index, at), left, y, at.tile, at.high, null);
        if (paired) {
            int right = left + at.tile + 2;
            g.drawImage(picture(batches.get(1), index, at), right, y, at.tile, at.high, null);
        }
        if (highlighted.length > 0 && highlighted[cell]) {
            g.setColor(HIGHLIGHT);
            g.setStroke(new BasicStroke(2));
            g.drawRect(left - 1, y - 1, images + 1, at.high + 1);
        }
        if (at.line > 0) {
            g.setFont(Style.font(11));
            g.setColor(Style.INK);
            String text = shortened(g.getFontMetrics(), captions[cell], at.cell + GAP);
            int width = g.getFontMetrics().stringWidth(text);
            g.drawString(text, x + (at.cell - width) / 2, y + at.high + 13);
        }
    }

    private static String shortened(FontMetrics metrics, String text, int width) {
        String s = text;
        while (metrics.stringWidth(s) > width && s.length() > 2) {
            s = s.substring(0, s.length() - 2) + "…";
        }
        return s;
    }

    private int titleWidth() {
        if (title().isEmpty() || !Style.fontsWork()) {
            return 0;
        }
        Graphics2D g = Style.canvas(1, 1).createGraphics();
        int width = g.getFontMetrics(Style.bold(14)).stringWidth(title()) + 2 * MARGIN;
        g.dispose();
        return width;
    }

    private static void text(Graphics2D g, String text, int x, int baseline, boolean bold) {
        if (!text.isEmpty() && Style.fontsWork()) {
            g.setFont(bold ? Style.bold(14) : Style.font(13));
            g.setColor(Style.INK);
            g.drawString(text, x, baseline);
        }
    }

    @Override
    public Table numbers() {
        StringColumn batch = StringColumn.create("batch");
        IntColumn image = IntColumn.create("image");
        StringColumn caption = StringColumn.create("caption");
        DoubleColumn mean = DoubleColumn.create("mean");
        StringColumn pixels = StringColumn.create("pixels");
        int cell = 0;
        for (int b = 0; b < batches.size(); b++) {
            for (int i = 0; i < batches.get(b).count(); i++, cell++) {
                float[] values = batches.get(b).pixels(i);
                String name = paired ? (b == 0 ? "left" : "right") : "" + b;
                batch.append(rows.length > 0 && !paired ? rows[b] : name);
                image.append(i);
                int which = paired ? i : cell;
                caption.append(which < captions.length ? captions[which] : "");
                mean.append(
                        IntStream.range(0, values.length)
                                .mapToDouble(k -> values[k])
                                .average()
                                .orElse(Double.NaN));
                pixels.append(values.length > MAX_NUMBERS ? "" : listed(values));
            }
        }
        return Table.create("numbers", batch, image, caption, mean, pixels);
    }

    private static String listed(float[] values) {
        List<String> texts = new ArrayList<>(values.length);
        for (float v : values) {
            texts.add(Float.toString(v));
        }
        return String.join(" ", texts);
    }

    @Override
    String summary() {
        Images first = batches.get(0);
        String size = first.width() + "x" + first.height() + " pixels";
        String head =
                paired
                        ? cells() + " pairs of images of " + size
                        : cells() + " images of " + size + " in " + blocks() + " batch(es)";
        String labels = rows.length == 0 ? "" : ": " + String.join(", ", rows);
        String texts = captions.length == 0 ? "" : "\n  " + String.join(" | ", captions);
        return head + labels + texts;
    }
}
