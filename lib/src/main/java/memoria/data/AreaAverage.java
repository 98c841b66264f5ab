package memoria.data;

import java.util.Arrays;

/** Resizing by area averages; {@link Images#resize} says what that is. */
final class AreaAverage {

    private AreaAverage() {}

    /** Resizes the planes {@code first} to {@code first + planes - 1} of an array from (height, width) to (h, w). */
    static float[] resize(
            float[] values, int first, int planes, int height, int width, int h, int w) {
        double[][] rows = overlaps(height, h);
        double[][] columns = overlaps(width, w);
        int[][] rowRange = covered(height, h);
        int[][] columnRange = covered(width, w);
        float[] data = new float[Math.multiplyExact(planes, h * w)];
        double[] band = new double[width];
        for (int p = 0; p < planes; p++) {
            int plane = (first + p) * height * width;
            for (int i = 0; i < h; i++) {
                Arrays.fill(band, 0);
                for (int r = rowRange[i][0]; r < rowRange[i][1]; r++) {
                    for (int c = 0; c < width; c++) {
                        band[c] += rows[i][r] * values[plane + r * width + c];
                    }
                }
                for (int j = 0; j < w; j++) {
                    double sum = 0;
                    for (int c = columnRange[j][0]; c < columnRange[j][1]; c++) {
                        sum += columns[j][c] * band[c];
                    }
                    data[(p * h + i) * w + j] = (float) sum;
                }
            }
        }
        return data;
    }

    /** First old cell that a new one overlaps, and the one after the last: all others have weight 0. */
    private static int[][] covered(int from, int to) {
        int[][] ranges = new int[to][2];
        for (int i = 0; i < to; i++) {
            ranges[i][0] = (int) ((long) i * from / to);
            ranges[i][1] = (int) (((i + 1L) * from + to - 1) / to);
        }
        return ranges;
    }

    /** Weight of every old cell in the mean over every new one; each row sums to 1. */
    private static double[][] overlaps(int from, int to) {
        double[][] weights = new double[to][from];
        for (int i = 0; i < to; i++) {
            for (int r = 0; r < from; r++) {
                // Cell edges in units of 1 / (from to), so that touching cells overlap by exactly
                // 0.
                long low = Math.max((long) i * from, (long) r * to);
                long high = Math.min((i + 1L) * from, (r + 1L) * to);
                weights[i][r] = Math.max(0, high - low) / (double) from;
            }
        }
        return weights;
    }
}
