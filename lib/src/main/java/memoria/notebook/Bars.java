package memoria.notebook;

import java.awt.BasicStroke;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.geom.Line2D;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;
import java.util.Arrays;
import java.util.List;

/** Lying bars, one group per label from top to bottom, in it one bar per series; the series' band is drawn as a whisker. */
final class Bars extends XyChart {

    private static final double GROUP = 0.8;

    private final String quantity;
    private final String[] labels;

    Bars(String quantity, String[] labels, Series... series) {
        super(quantity, "label", series);
        for (Series s : series) {
            if (s.values().length != labels.length) {
                throw new IllegalArgumentException(
                        "series: '"
                                + s.name()
                                + "' has "
                                + s.values().length
                                + " values for "
                                + labels.length
                                + " labels");
            }
        }
        this.quantity = quantity;
        this.labels = labels.clone();
    }

    @Override
    String quantity() {
        return quantity;
    }

    @Override
    void layers(Series s, Palette.Ink ink) {
        // The overlay draws; the area gives the series its entry in the legend, the room gives the
        // axes their ranges.
        double[] inside = {labels.length, labels.length};
        area(s, ink, new double[2], inside);
        double[] all = s.high() == null ? s.values() : s.high();
        double high = Arrays.stream(all).max().orElse(0);
        double[] lows = s.low() == null ? s.values() : s.low();
        double low = Arrays.stream(lows).min().orElse(0);
        room(new double[] {Math.min(0, low), Math.max(0, high)}, 0.5, labels.length + 0.5);
    }

    @Override
    int leftInset() {
        Graphics2D g = new BufferedImage(1, 1, BufferedImage.TYPE_INT_RGB).createGraphics();
        FontMetrics metrics = g.getFontMetrics(Style.font(13));
        g.dispose();
        return 8 + Arrays.stream(labels).mapToInt(metrics::stringWidth).max().orElse(0);
    }

    @Override
    void overlay(Graphics2D g, Frame f) {
        List<Palette.Ink> inks = Palette.inks(series());
        double each = GROUP / series().size();
        for (int i = 0; i < labels.length; i++) {
            double top = labels.length - i + GROUP / 2;
            for (int k = 0; k < series().size(); k++) {
                bar(g, f, series().get(k), inks.get(k), i, top - (k + 0.5) * each, each);
            }
            g.setColor(Style.INK);
            g.setFont(Style.font(13));
            int width = g.getFontMetrics().stringWidth(labels[i]);
            float middle = (float) f.y(labels.length - i);
            g.drawString(labels[i], (float) f.left() - 8 - width, middle + 5);
        }
    }

    private static void bar(
            Graphics2D g, Frame f, Series s, Palette.Ink ink, int i, double middle, double high) {
        double zero = f.x(0);
        double end = f.x(s.values()[i]);
        double half = Math.abs(f.y(0) - f.y(high)) * 0.42;
        double y = f.y(middle);
        g.setColor(ink.fill(150));
        g.fill(
                new Rectangle2D.Double(
                        Math.min(zero, end), y - half, Math.abs(end - zero), 2 * half));
        if (s.low() != null) {
            g.setColor(ink.color());
            g.setStroke(new BasicStroke(1.6f));
            g.draw(new Line2D.Double(f.x(s.low()[i]), y, f.x(s.high()[i]), y));
        }
    }

    @Override
    String summary() {
        StringBuilder lines = new StringBuilder(quantity);
        for (Series s : series()) {
            lines.append("\n  ").append(s.name()).append(": ");
            for (int i = 0; i < labels.length; i++) {
                lines.append(i == 0 ? "" : ", ")
                        .append(labels[i])
                        .append(' ')
                        .append(Numbers.format(s.values()[i]));
            }
        }
        return lines.toString();
    }
}
