package memoria.notebook;

import java.awt.BasicStroke;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Line2D;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;
import java.util.List;
import org.apache.commons.math3.stat.descriptive.rank.Percentile;

/**
 * One lying box per series, its name to the left: quartiles and median, whiskers from the 5th to the 95th percentile, a dot for each value
 * beyond.
 */
final class BoxPlot extends XyChart {

    private static final double HALF = 0.28;

    private final String quantity;

    BoxPlot(String quantity, Series... series) {
        super(quantity + "   (box: quartiles, whiskers: 5% to 95%)", "series", series);
        this.quantity = quantity;
    }

    @Override
    String quantity() {
        return quantity;
    }

    @Override
    void layers(Series s, Palette.Ink ink) {
        // An invisible layer: the plot's axes need one; the box itself is drawn by the overlay.
        double row = row(s);
        double[] ends = {percentile(s).evaluate(1e-9), percentile(s).evaluate(100)};
        band(
                new Palette.Ink(ink.fill(0), ink.stroke()),
                ends,
                new double[] {row, row},
                new double[] {row, row});
        room(ends, row - 0.5, row + 0.5);
    }

    /** The first series is the topmost. */
    private double row(Series s) {
        return series().size() - series().indexOf(s);
    }

    private static Percentile percentile(Series s) {
        Percentile p = new Percentile();
        p.setData(s.values());
        return p;
    }

    @Override
    int leftInset() {
        Graphics2D g = new BufferedImage(1, 1, BufferedImage.TYPE_INT_RGB).createGraphics();
        FontMetrics metrics = g.getFontMetrics(Style.font(13));
        g.dispose();
        return 8 + series().stream().mapToInt(s -> metrics.stringWidth(s.name())).max().orElse(0);
    }

    @Override
    void overlay(Graphics2D g, Frame f) {
        List<Palette.Ink> inks = Palette.inks(series());
        for (int i = 0; i < series().size(); i++) {
            box(g, f, series().get(i), inks.get(i));
        }
    }

    private void box(Graphics2D g, Frame f, Series s, Palette.Ink ink) {
        Percentile p = percentile(s);
        double low = p.evaluate(5);
        double high = p.evaluate(95);
        double middle = f.y(row(s));
        double half = Math.min(22, Math.abs(f.y(HALF) - f.y(0)));
        double q1 = f.x(p.evaluate(25));
        double q3 = f.x(p.evaluate(75));
        g.setColor(ink.fill(110));
        for (double v : s.values()) {
            if (v < low || v > high) {
                g.fill(new Ellipse2D.Double(f.x(v) - 2, middle - 2, 4, 4));
            }
        }
        Rectangle2D box = new Rectangle2D.Double(q1, middle - half, q3 - q1, 2 * half);
        g.setColor(ink.fill(60));
        g.fill(box);
        g.setColor(ink.color());
        g.setStroke(new BasicStroke(1.6f));
        g.draw(box);
        g.draw(new Line2D.Double(f.x(low), middle, q1, middle));
        g.draw(new Line2D.Double(q3, middle, f.x(high), middle));
        for (double end : new double[] {f.x(low), f.x(high)}) {
            g.draw(new Line2D.Double(end, middle - half / 2, end, middle + half / 2));
        }
        g.setStroke(new BasicStroke(3f, BasicStroke.CAP_BUTT, BasicStroke.JOIN_MITER));
        double median = f.x(p.evaluate(50));
        g.draw(new Line2D.Double(median, middle - half, median, middle + half));
        g.setColor(Style.INK);
        g.setFont(Style.font(13));
        int width = g.getFontMetrics().stringWidth(s.name());
        g.drawString(s.name(), (float) f.left() - 8 - width, (float) middle + 5);
    }
}
