package memoria.notebook;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleFunction;
import tech.tablesaw.api.DoubleColumn;
import tech.tablesaw.api.StringColumn;
import tech.tablesaw.api.Table;

/** A quantity over two others that were swept: a colour per pair, its value written in where there is room. */
final class HeatMap extends Picture<HeatMap> {

    private static final int MAX_PLOT_WIDTH = 560;
    private static final int MAX_PLOT_HEIGHT = 420;
    private static final int BAR = 14;

    private final String x;
    private final List<String> xs;
    private final String y;
    private final List<String> ys;
    private final String quantity;
    private final double[][] values;
    private final double low;
    private final double high;
    private final DoubleFunction<String> format;

    /** Values by row (y, from below) and column (x); NaN where nothing was measured. */
    HeatMap(String x, double[] xs, String y, double[] ys, String quantity, double[][] values) {
        if (values.length != ys.length) {
            throw new IllegalArgumentException(
                    "values: " + values.length + " rows for " + ys.length + " values of " + y);
        }
        for (double[] row : values) {
            if (row.length != xs.length) {
                throw new IllegalArgumentException(
                        "values: a row of " + row.length + " for " + xs.length + " values of " + x);
            }
        }
        double[] known =
                Arrays.stream(values)
                        .flatMapToDouble(Arrays::stream)
                        .filter(Double::isFinite)
                        .toArray();
        if (known.length == 0) {
            throw new IllegalArgumentException("values: none is a finite number");
        }
        this.x = x;
        this.xs = Arrays.stream(xs).mapToObj(Numbers::format).toList();
        this.y = y;
        this.ys = Arrays.stream(ys).mapToObj(Numbers::format).toList();
        this.quantity = quantity;
        this.values = Arrays.stream(values).map(double[]::clone).toArray(double[][]::new);
        this.low = Arrays.stream(known).min().orElseThrow();
        this.high = Arrays.stream(known).max().orElseThrow();
        this.format = Numbers.formatter(known);
    }

    @Override
    public BufferedImage image() {
        int cellWidth = Math.max(2, Math.min(72, MAX_PLOT_WIDTH / xs.size()));
        int cellHeight = Math.max(2, Math.min(44, MAX_PLOT_HEIGHT / ys.size()));
        int width = cellWidth * xs.size();
        int height = cellHeight * ys.size();
        Graphics2D ruler = Style.canvas(1, 1).createGraphics();
        ruler.setFont(Style.font(12));
        var metrics = ruler.getFontMetrics();
        int tickWidth = ys.stream().mapToInt(metrics::stringWidth).max().orElse(0);
        int barWidth =
                Math.max(
                        metrics.stringWidth(format.apply(low)),
                        metrics.stringWidth(format.apply(high)));
        ruler.dispose();
        int left = 42 + tickWidth;
        int top = title().isEmpty() ? 14 : 44;
        int barLeft = left + width + 22;
        // The colour bar's label and a title may be longer than a small plot.
        int tall = Math.max(height, 160);
        BufferedImage image = Style.canvas(barLeft + BAR + barWidth + 46, top + tall + 58);
        Graphics2D g = Style.smooth(image);
        g.setFont(Style.bold(15));
        g.setColor(Style.INK);
        g.drawString(title(), left, 26);
        cells(g, left, top, cellWidth, cellHeight);
        ticks(g, left, top, cellWidth, cellHeight);
        g.setFont(Style.font(13));
        g.setColor(Style.INK);
        g.drawString(x, left + (width - g.getFontMetrics().stringWidth(x)) / 2, top + height + 42);
        upwards(g, y, 22, top + height / 2);
        bar(g, barLeft, top, height);
        upwards(g, quantity, barLeft + BAR + barWidth + 30, top + height / 2);
        g.dispose();
        return image;
    }

    private void cells(Graphics2D g, int left, int top, int w, int h) {
        boolean written = w >= 44 && h >= 20;
        g.setFont(Style.font(12));
        for (int r = 0; r < ys.size(); r++) {
            int at = top + (ys.size() - 1 - r) * h;
            for (int c = 0; c < xs.size(); c++) {
                Color color = color(values[r][c]);
                g.setColor(color);
                g.fillRect(left + c * w, at, w - (w > 8 ? 1 : 0), h - (h > 8 ? 1 : 0));
                if (written) {
                    String text = format.apply(values[r][c]);
                    g.setColor(luminance(color) > 0.5 ? Color.BLACK : Color.WHITE);
                    int width = g.getFontMetrics().stringWidth(text);
                    g.drawString(text, left + c * w + (w - width) / 2, at + h / 2 + 4);
                }
            }
        }
    }

    private void ticks(Graphics2D g, int left, int top, int w, int h) {
        g.setFont(Style.font(12));
        g.setColor(Style.SOFT);
        var metrics = g.getFontMetrics();
        int widest = xs.stream().mapToInt(metrics::stringWidth).max().orElse(1);
        int everyX = 1 + (widest + 8) / w;
        for (int c = 0; c < xs.size(); c += everyX) {
            int middle = left + c * w + w / 2;
            g.drawString(
                    xs.get(c),
                    middle - metrics.stringWidth(xs.get(c)) / 2,
                    top + ys.size() * h + 18);
        }
        int everyY = 1 + 14 / h;
        for (int r = 0; r < ys.size(); r += everyY) {
            int middle = top + (ys.size() - 1 - r) * h + h / 2;
            g.drawString(ys.get(r), left - 8 - metrics.stringWidth(ys.get(r)), middle + 4);
        }
    }

    private void bar(Graphics2D g, int left, int top, int height) {
        for (int i = 0; i < height; i++) {
            g.setColor(shade(1 - (double) i / Math.max(1, height - 1)));
            g.fillRect(left, top + i, BAR, 1);
        }
        g.setFont(Style.font(12));
        g.setColor(Style.SOFT);
        g.setStroke(new BasicStroke(1));
        g.drawString(format.apply(high), left + BAR + 6, top + 10);
        g.drawString(format.apply(low), left + BAR + 6, top + height);
    }

    private static void upwards(Graphics2D g, String text, int x, int middle) {
        int width = g.getFontMetrics().stringWidth(text);
        var before = g.getTransform();
        g.rotate(-Math.PI / 2, x, middle);
        g.drawString(text, x - width / 2, middle);
        g.setTransform(before);
    }

    private Color color(double value) {
        if (!Double.isFinite(value)) {
            return Style.GRID;
        }
        return shade(high > low ? (value - low) / (high - low) : 0.5);
    }

    private static Color shade(double share) {
        Color[] heat = Palette.HEAT;
        double at = Math.min(1, Math.max(0, share)) * (heat.length - 1);
        int i = Math.min(heat.length - 2, (int) at);
        double f = at - i;
        return new Color(
                (int) Math.round(heat[i].getRed() * (1 - f) + heat[i + 1].getRed() * f),
                (int) Math.round(heat[i].getGreen() * (1 - f) + heat[i + 1].getGreen() * f),
                (int) Math.round(heat[i].getBlue() * (1 - f) + heat[i + 1].getBlue() * f));
    }

    private static double luminance(Color c) {
        return (0.299 * c.getRed() + 0.587 * c.getGreen() + 0.114 * c.getBlue()) / 255;
    }

    @Override
    public Table numbers() {
        StringColumn px = StringColumn.create(x);
        StringColumn py = StringColumn.create(y);
        DoubleColumn pz = DoubleColumn.create(quantity);
        for (int r = 0; r < ys.size(); r++) {
            for (int c = 0; c < xs.size(); c++) {
                px.append(xs.get(c));
                py.append(ys.get(r));
                pz.append(values[r][c]);
            }
        }
        return Table.create("numbers", px, py, pz);
    }

    @Override
    String summary() {
        return quantity
                + " over "
                + x
                + " and "
                + y
                + ": "
                + format.apply(low)
                + " to "
                + format.apply(high);
    }
}
