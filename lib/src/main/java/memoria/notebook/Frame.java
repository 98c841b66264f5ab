package memoria.notebook;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;
import java.util.List;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.style.XYStyler;

/**
 * Where a painted chart has its plot: from data to pixels.
 *
 * @param chart the chart, painted
 * @param xs both ends of the horizontal axis
 * @param ys both ends of the vertical axis
 */
record Frame(XYChart chart, double[] xs, double[] ys) {

    private static final Color MARK = new Color(0x404040);
    private static final Color HALO = new Color(255, 255, 255, 215);
    private static final float[] DASH = {5, 4};

    static Frame of(XYChart chart) {
        XYStyler s = chart.getStyler();
        return new Frame(
                chart,
                new double[] {s.getXAxisMin(), s.getXAxisMax()},
                new double[] {s.getYAxisMin(), s.getYAxisMax()});
    }

    double x(double value) {
        return chart.getScreenXFromChart(value);
    }

    double y(double value) {
        return chart.getScreenYFromChart(value);
    }

    double left() {
        return x(xs[0]);
    }

    double right() {
        return x(xs[1]);
    }

    double top() {
        return y(ys[1]);
    }

    double bottom() {
        return y(ys[0]);
    }

    /**
     * Draws labelled lines across the plot; labels of vertical lines go down in steps so that they do not cover each other.
     *
     * @param g to draw on
     * @param marks the lines
     */
    void marks(Graphics2D g, List<Chart.Mark> marks) {
        g.setFont(Style.font(12));
        g.setStroke(
                new BasicStroke(1.3f, BasicStroke.CAP_BUTT, BasicStroke.JOIN_MITER, 10, DASH, 0));
        int row = 0;
        for (Chart.Mark m : marks) {
            int width = g.getFontMetrics().stringWidth(m.label());
            g.setColor(MARK);
            if (m.vertical()) {
                double at = x(m.at());
                g.drawLine((int) at, (int) bottom(), (int) at, (int) top());
                boolean fits = at + 6 + width < right();
                label(g, m.label(), fits ? at + 6 : at - 6 - width, top() + 14 + 16 * row++);
            } else {
                double at = y(m.at());
                g.drawLine((int) left(), (int) at, (int) right(), (int) at);
                label(g, m.label(), right() - width - 4, at - 5);
            }
        }
    }

    private static void label(Graphics2D g, String text, double at, double baseline) {
        g.setColor(HALO);
        int width = g.getFontMetrics().stringWidth(text);
        g.fillRect((int) at - 2, (int) baseline - 12, width + 4, 16);
        g.setColor(Style.INK);
        g.drawString(text, (float) at, (float) baseline);
    }
}
