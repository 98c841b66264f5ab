package memoria.data;

import java.util.Locale;

/** Sizes in words. */
public final class Bytes {

    private static final String[] UNITS = {"B", "kB", "MB", "GB", "TB"};

    private Bytes() {}

    /**
     * A size as one says it.
     *
     * @param bytes any number from 0 on
     * @return such as {@code 170 MB} or {@code 4.3 GB}, in powers of 1000
     */
    public static String words(long bytes) {
        double size = bytes;
        int unit = 0;
        while (size >= 999.5 && unit < UNITS.length - 1) {
            size /= 1000;
            unit++;
        }
        return String.format(
                Locale.ROOT, unit > 0 && size < 9.95 ? "%.1f %s" : "%.0f %s", size, UNITS[unit]);
    }
}
