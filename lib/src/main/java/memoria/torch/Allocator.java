package memoria.torch;

import com.sun.jna.NativeLibrary;

/**
 * Tells the C library to keep memory that PyTorch frees. A forward pass that records, or its backward pass, takes and frees hundreds of
 * megabytes; glibc's default is to hand them back to the system each time, and the page faults of fetching them again cost a quarter of
 * the time of a guided step. Elsewhere than on glibc nothing is done; nor where the user has set {@code MALLOC_MMAP_THRESHOLD_} or
 * {@code MALLOC_TRIM_THRESHOLD_}.
 */
final class Allocator {

    /** The numbers of the parameters in malloc.h. */
    private static final int M_TRIM_THRESHOLD = -1;

    private static final int M_TOP_PAD = -2;
    private static final int M_MMAP_THRESHOLD = -3;

    private static final int LARGEST_KEPT = 256 << 20;
    private static final int MOST_KEPT = 512 << 20;

    /**
     * More than the 64 MiB of the pieces in which glibc takes memory for any thread but the first: else a piece that becomes empty goes back
     * to the system whatever the two thresholds are.
     */
    private static final int PADDING = 128 << 20;

    private Allocator() {}

    /** Whether the settings were taken. */
    static boolean keepFreed() {
        if (System.getenv("MALLOC_MMAP_THRESHOLD_") != null
                || System.getenv("MALLOC_TRIM_THRESHOLD_") != null
                || !System.getProperty("os.name").startsWith("Linux")) {
            return false;
        }
        try {
            NativeLibrary process = NativeLibrary.getInstance("c");
            return set(process, M_MMAP_THRESHOLD, LARGEST_KEPT)
                    && set(process, M_TRIM_THRESHOLD, MOST_KEPT)
                    && set(process, M_TOP_PAD, PADDING);
        } catch (UnsatisfiedLinkError e) {
            // Another C library. It is slower and as right.
            return false;
        }
    }

    private static boolean set(NativeLibrary c, int parameter, int value) {
        return c.getFunction("mallopt").invokeInt(new Object[] {parameter, value}) == 1;
    }
}
