package memoria.data;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * How often each distinct image of a set is shown, and which one stands where in the repeated set, in which image 0 comes as often as its
 * number says, then image 1, and so on. Immutable.
 */
final class Multiplicity {

    private final int[] times;

    /** First position of every image, and the repeated set's size at the end. */
    private final long[] starts;

    /** Keeps the array: whoever made it may not write to it any more. */
    Multiplicity(int[] times) {
        this.times = times;
        starts = new long[times.length + 1];
        for (int i = 0; i < times.length; i++) {
            starts[i + 1] = starts[i] + times[i];
        }
    }

    static Multiplicity once(int count) {
        int[] ones = new int[count];
        Arrays.fill(ones, 1);
        return new Multiplicity(ones);
    }

    int[] times() {
        return times.clone();
    }

    long size() {
        return starts[times.length];
    }

    int index(long position) {
        if (position < 0 || position >= size()) {
            throw new IllegalArgumentException(
                    "position: " + position + " in a set of size " + size());
        }
        int found = Arrays.binarySearch(starts, position);
        return found >= 0 ? found : -found - 2;
    }

    int[] planted() {
        return IntStream.range(0, times.length).filter(i -> times[i] > 1).toArray();
    }

    Multiplicity select(int[] indices) {
        return new Multiplicity(Arrays.stream(indices).map(i -> times[i]).toArray());
    }

    /** With images behind all others that are shown once. */
    Multiplicity and(int count) {
        int[] more = Arrays.copyOf(times, times.length + count);
        Arrays.fill(more, times.length, more.length, 1);
        return new Multiplicity(more);
    }

    /** With the first images shown as often as the numbers say by turns. */
    Multiplicity first(int count, List<Integer> shown) {
        if (shown.isEmpty()) {
            throw new IllegalArgumentException("times: none; at least 1 number is needed");
        }
        shown.forEach(number -> require(count, number));
        int[] more = times();
        for (int i = 0; i < count; i++) {
            more[i] = shown.get(i % shown.size());
        }
        return new Multiplicity(more);
    }

    /** With the images shown more often whose hash of {@code seed + index} is smallest. */
    Multiplicity bySeed(int count, int shown, long seed) {
        require(count, shown);
        int[] more = times();
        IntStream.range(0, times.length)
                .boxed()
                .sorted(Comparator.comparingLong(i -> splitMix(seed + i)))
                .limit(count)
                .forEach(i -> more[i] = shown);
        return new Multiplicity(more);
    }

    private void require(int count, int shown) {
        if (count < 0 || count > times.length) {
            throw new IllegalArgumentException(
                    "count: " + count + " of a set of " + times.length + " distinct images");
        }
        if (shown < 1) {
            throw new IllegalArgumentException("times: " + shown + "; at least 1");
        }
    }

    /** One output of SplitMix64 (Steele, Lea and Flood 2014) for the given state. */
    private static long splitMix(long state) {
        long z = state * 0x9e3779b97f4a7c15L;
        z = (z ^ z >>> 30) * 0xbf58476d1ce4e5b9L;
        z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
        return z ^ z >>> 31;
    }
}
