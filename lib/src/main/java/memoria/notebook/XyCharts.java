package memoria.notebook;

import java.awt.BasicStroke;
import java.util.Arrays;
import java.util.stream.IntStream;

/** The charts on two numeric axes: one small class each. */
final class XyCharts {

    private static final int GRID_POINTS = 400;

    private XyCharts() {}

    /** Kernel density estimates of one quantity. */
    static final class Density extends XyChart {
        private double[] grid;

        Density(String quantity, Series... series) {
            super(quantity, "density (per unit of " + unitless(quantity) + ")", series);
        }

        private static String unitless(String quantity) {
            return quantity.replaceAll("\\s*[(\\[].*", "");
        }

        @Override
        boolean fromZero() {
            return true;
        }

        @Override
        void layers(Series s, Palette.Ink ink) {
            if (grid == null) {
                grid = grid();
            }
            Kde kde = Kde.of(s.values());
            area(s, ink, grid, Arrays.stream(grid).map(kde::at).toArray());
        }

        /** Where the curves are computed: so far beyond the outermost values that every curve ends near 0. */
        private double[] grid() {
            double low = Double.POSITIVE_INFINITY;
            double high = Double.NEGATIVE_INFINITY;
            for (Series s : series()) {
                double tail = 3 * Kde.of(s.values()).bandwidth();
                low = Math.min(low, Arrays.stream(s.values()).min().orElseThrow() - tail);
                high = Math.max(high, Arrays.stream(s.values()).max().orElseThrow() + tail);
            }
            double from = low;
            double step = (high - low) / (GRID_POINTS - 1);
            return IntStream.range(0, GRID_POINTS).mapToDouble(i -> from + i * step).toArray();
        }
    }

    /** Histograms of one quantity in shared bins. */
    static final class Histogram extends XyChart {
        private final int bins;

        Histogram(String quantity, int bins, Series... series) {
            super(quantity, "share of values per bin", series);
            if (bins < 1) {
                throw new IllegalArgumentException("bins: " + bins + "; at least 1 is needed");
            }
            this.bins = bins;
        }

        @Override
        boolean fromZero() {
            return true;
        }

        @Override
        void layers(Series s, Palette.Ink ink) {
            double low =
                    series().stream()
                            .flatMapToDouble(t -> Arrays.stream(t.values()))
                            .min()
                            .orElseThrow();
            double high =
                    series().stream()
                            .flatMapToDouble(t -> Arrays.stream(t.values()))
                            .max()
                            .orElseThrow();
            double width = high > low ? (high - low) / bins : 1;
            double[] share = new double[bins];
            for (double v : s.values()) {
                share[Math.min(bins - 1, (int) ((v - low) / width))] += 1.0 / s.values().length;
            }
            // The outline of the bars: up, along, down at every edge.
            double[] x = new double[2 * bins + 2];
            double[] y = new double[2 * bins + 2];
            for (int b = 0; b <= bins; b++) {
                x[2 * b] = x[2 * b + 1] = low + b * width;
                y[2 * b] = b == 0 ? 0 : share[b - 1];
                y[2 * b + 1] = b == bins ? 0 : share[b];
            }
            area(s, ink, x, y);
        }
    }

    /** Curves, with bands where they have them. */
    static final class Line extends XyChart {
        private static final int FEW = 25;

        Line(String x, String y, Series... series) {
            super(x, y, series);
        }

        @Override
        void layers(Series s, Palette.Ink ink) {
            if (s.low() != null) {
                band(ink, s.x(), s.low(), s.high());
            }
            line(s.name(), ink, s.x(), s.values());
            if (s.values().length <= FEW) {
                points(null, ink, s.x(), s.values());
            }
        }
    }

    /** Clouds of points. */
    static final class Scatter extends XyChart {
        Scatter(String x, String y, Series... series) {
            super(x, y, series);
        }

        @Override
        void layers(Series s, Palette.Ink ink) {
            points(s.name(), ink, s.x(), s.values());
        }
    }

    /** Paths in the plane: thin lines that end in a dot; series that are no paths are clouds of points. */
    static final class Trajectories extends XyChart {
        Trajectories(String x, String y, Series... series) {
            super(x, y, series);
            size(560, 560);
        }

        @Override
        boolean equalUnits() {
            return true;
        }

        @Override
        void layers(Series s, Palette.Ink ink) {
            int[] starts = s.starts();
            if (starts.length == 0) {
                points(s.name(), ink, s.x(), s.values());
                return;
            }
            double[] endX = new double[starts.length];
            double[] endY = new double[starts.length];
            Palette.Ink thin = new Palette.Ink(ink.fill(120), new BasicStroke(1f));
            for (int p = 0; p < starts.length; p++) {
                int end = p + 1 < starts.length ? starts[p + 1] : s.values().length;
                double[] x = Arrays.copyOfRange(s.x(), starts[p], end);
                double[] y = Arrays.copyOfRange(s.values(), starts[p], end);
                line(null, thin, x, y);
                endX[p] = x[x.length - 1];
                endY[p] = y[y.length - 1];
            }
            points(s.name(), ink, endX, endY);
        }
    }
}
