package memoria.notebook;

import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.util.Arrays;
import java.util.List;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.XYSeries.XYSeriesRenderStyle;
import org.knowm.xchart.style.XYStyler;
import org.knowm.xchart.style.markers.SeriesMarkers;
import tech.tablesaw.api.DoubleColumn;
import tech.tablesaw.api.IntColumn;
import tech.tablesaw.api.StringColumn;
import tech.tablesaw.api.Table;

/** Series on two numeric axes. A subclass says how each of its series becomes areas, lines, bands and points. */
abstract class XyChart extends Chart {

    /** Room above the data for the labels of vertical marks, as a share of the axis. */
    private static final double HEADROOM = 0.14;

    private final List<Series> series;
    private XYChart chart;
    private Legend legend;
    private double[] x;
    private double[] y;

    XyChart(String xLabel, String yLabel, Series... series) {
        super(xLabel, yLabel);
        if (series.length == 0) {
            throw new IllegalArgumentException("series: at least one is needed");
        }
        long names = Arrays.stream(series).map(Series::name).distinct().count();
        if (names < series.length) {
            throw new IllegalArgumentException("series: two of them have the same name");
        }
        this.series = List.of(series);
    }

    final List<Series> series() {
        return series;
    }

    /** Adds the layers of one series to the chart. */
    abstract void layers(Series series, Palette.Ink ink);

    /** Whether the vertical axis starts at 0 because areas under curves are compared. */
    boolean fromZero() {
        return false;
    }

    /** Whether a unit is equally long on both axes. */
    boolean equalUnits() {
        return false;
    }

    /** Space to the left of the plot that the subclass fills in {@link #overlay}. */
    int leftInset() {
        return 0;
    }

    /** Draws on top of the finished plot. */
    void overlay(Graphics2D g, Frame frame) {}

    @Override
    final synchronized BufferedImage draw(int width, int height) {
        chart = new XYChart(width, height);
        legend = new Legend();
        XYStyler style = chart.getStyler();
        Style.apply(style);
        style.setMarkerSize(markerSize());
        chart.setTitle(title());
        style.setChartTitleVisible(!title().isEmpty());
        chart.setXAxisTitle(xLabel());
        chart.setYAxisTitle(yLabel());
        style.setYAxisTicksVisible(leftInset() == 0);
        style.setYAxisTitleVisible(leftInset() == 0);
        style.setPlotGridHorizontalLinesVisible(leftInset() == 0);
        style.setXAxisLogarithmic(isLogX());
        style.setYAxisLogarithmic(isLogY());
        x = new double[] {Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY};
        y = x.clone();
        List<Palette.Ink> inks = Palette.inks(series);
        for (int i = 0; i < series.size(); i++) {
            layers(series.get(i), inks.get(i));
        }
        ranges(style);
        int left = leftInset();
        int plotHeight = height - legend.height(width);
        if (equalUnits()) {
            chart.paint(Style.canvas(width, height).createGraphics(), width - left, plotHeight);
            equalize(style, Frame.of(chart));
        }
        BufferedImage image = Style.canvas(width, height);
        Graphics2D g = Style.smooth(image);
        g.translate(left, 0);
        chart.paint(g, width - left, plotHeight);
        Frame frame = Frame.of(chart);
        overlay(g, frame);
        frame.marks(g, marks());
        g.translate(-left, 0);
        legend.paint(g, width, plotHeight - 4);
        g.dispose();
        return image;
    }

    private int markerSize() {
        int most = series.stream().mapToInt(s -> s.values().length).max().orElse(0);
        return most > 3000 ? 3 : most > 300 ? 5 : 7;
    }

    /** A filled area down to the axis, with its outline. */
    final void area(Series s, Palette.Ink ink, double[] xs, double[] ys) {
        add(s.name(), xs, ys, XYSeriesRenderStyle.Area, ink).setFillColor(ink.fill(46));
        legend.add(s.name(), ink, Legend.Kind.AREA);
    }

    /** A line through points in order; without a name it has no entry in the legend. */
    final void line(String name, Palette.Ink ink, double[] xs, double[] ys) {
        add(name, xs, ys, XYSeriesRenderStyle.Line, ink);
        if (name != null) {
            legend.add(name, ink, Legend.Kind.LINE);
        }
    }

    /** A translucent band between two curves, without an entry in the legend. */
    final void band(Palette.Ink ink, double[] xs, double[] low, double[] high) {
        int n = xs.length;
        double[] px = Arrays.copyOf(xs, 2 * n);
        double[] py = Arrays.copyOf(low, 2 * n);
        for (int i = 0; i < n; i++) {
            px[2 * n - 1 - i] = xs[i];
            py[2 * n - 1 - i] = high[i];
        }
        XYSeries s = add(null, px, py, XYSeriesRenderStyle.PolygonArea, ink);
        s.setLineColor(ink.fill(0));
        s.setFillColor(ink.fill(46));
    }

    /** Separate points, translucent where there are many; without a name they have no entry in the legend. */
    final void points(String name, Palette.Ink ink, double[] xs, double[] ys) {
        XYSeries s = add(name, xs, ys, XYSeriesRenderStyle.Scatter, ink);
        s.setMarker(SeriesMarkers.CIRCLE);
        s.setMarkerColor(ink.fill(xs.length > 2000 ? 70 : xs.length > 200 ? 130 : 220));
        if (name != null) {
            legend.add(name, ink, Legend.Kind.POINTS);
        }
    }

    /** Makes room for what the overlay draws. */
    final void room(double[] xs, double... ys) {
        extend(x, xs);
        extend(y, ys);
    }

    private XYSeries add(
            String name, double[] xs, double[] ys, XYSeriesRenderStyle how, Palette.Ink ink) {
        String key = name != null ? name : "layer " + chart.getSeriesMap().size();
        XYSeries s = chart.addSeries(key, xs, ys);
        s.setXYSeriesRenderStyle(how);
        s.setMarker(SeriesMarkers.NONE);
        s.setLineColor(ink.color());
        s.setLineStyle(ink.stroke());
        extend(x, xs);
        extend(y, ys);
        return s;
    }

    private static void extend(double[] range, double... values) {
        for (double v : values) {
            range[0] = Math.min(range[0], v);
            range[1] = Math.max(range[1], v);
        }
    }

    private void ranges(XYStyler style) {
        for (Mark m : marks()) {
            extend(m.vertical() ? x : y, m.at());
        }
        if (fromZero()) {
            y[0] = Math.min(0, y[0]);
        }
        boolean labels = marks().stream().anyMatch(Mark::vertical);
        double bottom = fromZero() ? 0 : 0.05;
        double top = labels ? HEADROOM : 0.05;
        double[] xs = xRange() != null ? xRange() : padded("x", x, isLogX(), 0.02, 0.02);
        double[] ys = yRange() != null ? yRange() : padded("y", y, isLogY(), bottom, top);
        set(style, xs, ys);
    }

    private static void set(XYStyler style, double[] xs, double[] ys) {
        style.setXAxisMin(xs[0]).setXAxisMax(xs[1]);
        style.setYAxisMin(ys[0]).setYAxisMax(ys[1]);
    }

    private static double[] padded(
            String axis, double[] range, boolean log, double below, double above) {
        if (log) {
            if (range[0] <= 0) {
                throw new IllegalArgumentException(
                        axis + ": " + range[0] + " has no place on a logarithmic axis");
            }
            return new double[] {range[0] / 1.2, range[1] * 1.2};
        }
        double span = range[1] - range[0];
        if (span == 0) {
            double around = Math.max(1e-9, 0.1 * Math.abs(range[0]));
            return new double[] {range[0] - (below == 0 ? 0 : around), range[1] + around};
        }
        return new double[] {range[0] - below * span, range[1] + above * span};
    }

    /** Widens the axis whose units are longer until both agree. */
    private void equalize(XYStyler style, Frame f) {
        double perX = (f.right() - f.left()) / (f.xs()[1] - f.xs()[0]);
        double perY = (f.bottom() - f.top()) / (f.ys()[1] - f.ys()[0]);
        set(style, widened(f.xs(), perX / perY), widened(f.ys(), perY / perX));
    }

    private static double[] widened(double[] range, double factor) {
        double grow = Math.max(0, factor - 1) * (range[1] - range[0]) / 2;
        return new double[] {range[0] - grow, range[1] + grow};
    }

    @Override
    public Table numbers() {
        boolean points = series.stream().anyMatch(Series::hasX);
        boolean bands = series.stream().anyMatch(s -> s.low() != null);
        boolean paths = series.stream().anyMatch(s -> s.starts().length > 0);
        StringColumn name = StringColumn.create("series");
        IntColumn path = IntColumn.create("path");
        DoubleColumn px = DoubleColumn.create(xLabel());
        DoubleColumn py = DoubleColumn.create(points ? yLabel() : quantity());
        DoubleColumn low = DoubleColumn.create("low");
        DoubleColumn high = DoubleColumn.create("high");
        for (Series s : series) {
            double[] xs = s.x();
            int begun = 0;
            for (int i = 0; i < xs.length; i++) {
                while (begun < s.starts().length && s.starts()[begun] <= i) {
                    begun++;
                }
                name.append(s.name());
                path.append(begun);
                px.append(xs[i]);
                py.append(s.values()[i]);
                low.append(s.low() == null ? Double.NaN : s.low()[i]);
                high.append(s.high() == null ? Double.NaN : s.high()[i]);
            }
        }
        Table table = Table.create("numbers", name);
        if (paths) {
            table.addColumns(path);
        }
        if (points) {
            table.addColumns(px);
        }
        table.addColumns(py);
        return bands ? table.addColumns(low, high) : table;
    }

    /** What the values are, for the numbers behind a chart of values alone. */
    String quantity() {
        return xLabel();
    }

    @Override
    String summary() {
        boolean points = series.stream().anyMatch(Series::hasX);
        StringBuilder lines =
                new StringBuilder(points ? yLabel() + " against " + xLabel() : xLabel());
        for (Series s : series) {
            lines.append("\n  ").append(s.name()).append(": ").append(Words.of(s.values()));
        }
        for (Mark m : marks()) {
            lines.append("\n  ").append(m.label()).append(" at ").append(Numbers.format(m.at()));
        }
        return lines.toString();
    }
}
