package memoria.data;

import java.util.Arrays;

/**
 * The numbers of a batch of images on the Java heap, as they came: floats, or the levels of 8-bit pictures in a fourth of the memory. Batches
 * share them, which is safe because nobody writes: whoever makes one gives its array away.
 */
sealed interface Pixels {

    /** The number at a place. */
    float at(int place);

    /** Numbers in a row, perhaps inside a longer array that others have too: to be read only. */
    Run run(int from, int length);

    /** Writes numbers in a row into an array. */
    void copy(int from, float[] to, int into, int length);

    /** Numbers in a row as levels, {@code round((x + 1) 127.5)} clipped to 0 to 255: a copy. */
    byte[] bytes(int from, int length);

    /** Images of a size that begin at places, one behind the other. */
    Pixels gather(int[] places, int size);

    /** Floats in a row, inside an array. */
    record Run(float[] array, int start, int length) {

        /** An array of these alone. */
        float[] copy() {
            return Arrays.copyOfRange(array, start, start + length);
        }

        /** The array itself if it holds nothing else. */
        float[] exact() {
            return start == 0 && length == array.length ? array : copy();
        }
    }

    /** Numbers of a row: the part that a batch has of what it shares. */
    record Part(Pixels of, int start, int length) {}

    /** Any numbers. */
    record Floats(float[] values) implements Pixels {

        @Override
        public float at(int place) {
            return values[place];
        }

        @Override
        public Run run(int from, int length) {
            return new Run(values, from, length);
        }

        @Override
        public void copy(int from, float[] to, int into, int length) {
            System.arraycopy(values, from, to, into, length);
        }

        @Override
        public byte[] bytes(int from, int length) {
            byte[] rounded = new byte[length];
            for (int i = 0; i < length; i++) {
                rounded[i] = (byte) level(values[from + i]);
            }
            return rounded;
        }

        @Override
        public Pixels gather(int[] places, int size) {
            float[] data = new float[Math.multiplyExact(places.length, size)];
            for (int k = 0; k < places.length; k++) {
                System.arraycopy(values, places[k], data, k * size, size);
            }
            return new Floats(data);
        }
    }

    /** Pictures of 8 bits. */
    record Levels(byte[] levels) implements Pixels {

        private static final float[] VALUE = new float[256];

        static {
            for (int level = 0; level < VALUE.length; level++) {
                VALUE[level] = value(level);
            }
        }

        @Override
        public float at(int place) {
            return VALUE[levels[place] & 0xff];
        }

        @Override
        public Run run(int from, int length) {
            float[] all = new float[length];
            copy(from, all, 0, length);
            return new Run(all, 0, length);
        }

        @Override
        public void copy(int from, float[] to, int into, int length) {
            for (int i = 0; i < length; i++) {
                to[into + i] = VALUE[levels[from + i] & 0xff];
            }
        }

        @Override
        public byte[] bytes(int from, int length) {
            return Arrays.copyOfRange(levels, from, from + length);
        }

        @Override
        public Pixels gather(int[] places, int size) {
            byte[] bytes = new byte[Math.multiplyExact(places.length, size)];
            for (int k = 0; k < places.length; k++) {
                System.arraycopy(levels, places[k], bytes, k * size, size);
            }
            return new Levels(bytes);
        }
    }

    /** Parts one behind the other; levels only if all are. */
    static Pixels join(Part... parts) {
        int total = 0;
        for (Part part : parts) {
            total = Math.addExact(total, part.length);
        }
        boolean small = Arrays.stream(parts).allMatch(part -> part.of instanceof Levels);
        float[] data = new float[small ? 0 : total];
        byte[] bytes = new byte[small ? total : 0];
        int at = 0;
        for (Part part : parts) {
            if (part.of instanceof Levels levels && small) {
                System.arraycopy(levels.levels, part.start, bytes, at, part.length);
            } else {
                part.of.copy(part.start, data, at, part.length);
            }
            at += part.length;
        }
        return small ? new Levels(bytes) : new Floats(data);
    }

    /** Whether two parts are equal bit by bit. */
    static boolean same(Part a, Part b) {
        if (a.of instanceof Floats x && b.of instanceof Floats y) {
            return Arrays.equals(
                    x.values, a.start, a.start + a.length, y.values, b.start, b.start + b.length);
        }
        for (int i = 0; i < a.length; i++) {
            float mine = a.of.at(a.start + i);
            float other = b.of.at(b.start + i);
            if (Float.floatToIntBits(mine) != Float.floatToIntBits(other)) {
                return false;
            }
        }
        return a.length == b.length;
    }

    /** {@code max |a - b|} of two parts of one length. */
    static double largestDifference(Part a, Part b) {
        double largest = 0;
        for (int i = 0; i < a.length; i++) {
            double difference = (double) a.of.at(a.start + i) - b.of.at(b.start + i);
            largest = Math.max(largest, Math.abs(difference));
        }
        return largest;
    }

    /** {@code |a - b|_2} of two parts of one length, summed in double precision. */
    static double distance(Part a, Part b) {
        Run mine = a.of.run(a.start, a.length);
        Run theirs = b.of.run(b.start, b.length);
        float[] x = mine.array;
        float[] y = theirs.array;
        int i = mine.start;
        int j = theirs.start;
        int end = i + a.length;
        // Four sums: one alone would wait for itself at every pixel.
        double p = 0;
        double q = 0;
        double r = 0;
        double s = 0;
        for (; i + 3 < end; i += 4, j += 4) {
            p += squared(x[i], y[j]);
            q += squared(x[i + 1], y[j + 1]);
            r += squared(x[i + 2], y[j + 2]);
            s += squared(x[i + 3], y[j + 3]);
        }
        for (; i < end; i++, j++) {
            p += squared(x[i], y[j]);
        }
        return Math.sqrt(p + q + (r + s));
    }

    private static double squared(float a, float b) {
        double difference = (double) a - b;
        return difference * difference;
    }

    /** {@code round((x + 1) 127.5)}, clipped to 0 to 255; not-a-number is 0. */
    static int level(float value) {
        return Math.max(0, Math.min(255, Math.round((value + 1) * 127.5f)));
    }

    /** {@code p / 127.5 - 1}. */
    static float value(int level) {
        return level / 127.5f - 1;
    }
}
