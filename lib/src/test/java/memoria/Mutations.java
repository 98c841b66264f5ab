package memoria;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Damages good files in many ways and holds that a reader answers each with its documented exception, which names the file, or reads it.
 * {@code -Dmutations=10000} for the long run (profile {@code fuzz}), a short sample without.
 */
public final class Mutations {

    private static final byte[][] TOKENS = tokens();

    private final SplittableRandom random;

    private Mutations(SplittableRandom random) {
        this.random = random;
    }

    /** Reads one file. */
    @FunctionalInterface
    public interface Reader {
        /**
         * Reads it.
         *
         * @param file the damaged file
         * @throws Exception if it cannot be read
         */
        void read(Path file) throws Exception;
    }

    /** Puts a damaged part back into its file, with lengths and checksums that fit: damage that no checksum finds. */
    @FunctionalInterface
    public interface Wrapping {
        /**
         * Makes the file.
         *
         * @param part the damaged part
         * @return the whole file
         * @throws IOException if it cannot be made
         */
        byte[] around(byte[] part) throws IOException;
    }

    private static byte[][] tokens() {
        String[] texts = {
            "{",
            "}",
            "[",
            "]",
            "\"",
            ",",
            ":",
            "\\",
            "\n",
            "\r",
            "\t",
            "-1",
            "1e999",
            "99999999999999999999",
            "null",
            "../",
            "/",
            "\0",
            "\ufeff",
            "[[[[[[[[[[[[[[[[",
            "\\u0000",
            " "
        };
        return Arrays.stream(texts)
                .map(text -> text.getBytes(StandardCharsets.UTF_8))
                .toArray(byte[][]::new);
    }

    /**
     * Holds it for one reader.
     *
     * @param good a file it reads
     * @param file where damaged ones are written; its name must be in every message
     * @param wrapping what is put around the damaged bytes
     * @param reader the reader
     * @throws Exception if a file cannot be made
     */
    public static void hold(byte[] good, Path file, Wrapping wrapping, Reader reader)
            throws Exception {
        assertThat(refused(good, file, wrapping, reader))
                .as("mutations that were refused")
                .isPositive();
    }

    /**
     * As {@link #hold(byte[], Path, Wrapping, Reader)}, of whole files.
     *
     * @param good a file it reads
     * @param file where damaged ones are written
     * @param reader the reader
     * @throws Exception if a file cannot be made
     */
    public static void hold(byte[] good, Path file, Reader reader) throws Exception {
        hold(good, file, part -> part, reader);
    }

    /**
     * As {@link #hold(byte[], Path, Wrapping, Reader)}, of the header of a safetensors file, under a length that fits.
     *
     * @param good a file it reads
     * @param file where damaged ones are written
     * @param reader the reader
     * @throws Exception if a file cannot be made
     */
    public static void holdHeader(byte[] good, Path file, Reader reader) throws Exception {
        int length = (int) ByteBuffer.wrap(good).order(ByteOrder.LITTLE_ENDIAN).getLong(0);
        byte[] data = Arrays.copyOfRange(good, 8 + length, good.length);
        hold(
                Arrays.copyOfRange(good, 8, 8 + length),
                file,
                header ->
                        ByteBuffer.allocate(8 + header.length + data.length)
                                .order(ByteOrder.LITTLE_ENDIAN)
                                .putLong(header.length)
                                .put(header)
                                .put(data)
                                .array(),
                reader);
    }

    /**
     * Holds that a reader of notes that can be done without refuses nothing.
     *
     * @param good a file it reads
     * @param file where damaged ones are written
     * @param reader the reader
     * @throws Exception if a file cannot be made
     */
    public static void holdForgiven(byte[] good, Path file, Reader reader) throws Exception {
        assertThat(refused(good, file, part -> part, reader))
                .as("mutations that were refused")
                .isZero();
    }

    /**
     * A wrapping by a zip archive.
     *
     * @param entries their contents by name
     * @param changed the damaged one's name
     * @return the wrapping
     */
    public static Wrapping zip(Map<String, byte[]> entries, String changed) {
        return content -> {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            try (ZipOutputStream out = new ZipOutputStream(bytes)) {
                for (Map.Entry<String, byte[]> e : entries.entrySet()) {
                    out.putNextEntry(new ZipEntry(e.getKey()));
                    out.write(e.getKey().equals(changed) ? content : e.getValue());
                }
            }
            return bytes.toByteArray();
        };
    }

    private static int refused(byte[] good, Path file, Wrapping wrapping, Reader reader)
            throws Exception {
        Files.write(file, wrapping.around(good));
        reader.read(file);
        int count = Integer.getInteger("mutations", 60);
        String name = file.getFileName().toString();
        Mutations mutations = new Mutations(new SplittableRandom(name.hashCode()));
        int threads = ManagementFactory.getThreadMXBean().getThreadCount();
        long began = System.nanoTime();
        int refused = 0;
        for (int i = 0; i < count; i++) {
            byte[] bytes = mutations.of(good);
            Files.write(file, wrapping.around(bytes));
            long start = System.nanoTime();
            try {
                reader.read(file);
            } catch (IllegalArgumentException documented) {
                refused++;
                assertThat(documented).as("mutation " + i).hasMessageContaining(name);
            } catch (Exception | StackOverflowError | OutOfMemoryError other) {
                Path kept =
                        Files.write(
                                Path.of("target", "mutated-" + i + "-" + name),
                                wrapping.around(bytes));
                fail("mutation " + i + " of " + name + ", kept as " + kept, other);
            }
            assertThat(seconds(start)).as("seconds of mutation " + i).isLessThan(60);
        }
        // The virtual machine starts and ends some of its own.
        assertThat(ManagementFactory.getThreadMXBean().getThreadCount())
                .as("threads that stay")
                .isLessThan(threads + 20);
        if (count > 1000) {
            System.out.printf(
                    "mutations: %s: %d, refused %d, read %d, %.1f s%n",
                    name, count, refused, count - refused, seconds(began));
        }
        return refused;
    }

    private static double seconds(long since) {
        return (System.nanoTime() - since) / 1e9;
    }

    private byte[] of(byte[] good) {
        byte[] bytes = good;
        for (int change = 0; change <= random.nextInt(3); change++) {
            bytes = bytes.length == 0 ? bytes : changed(bytes);
        }
        return bytes;
    }

    private byte[] changed(byte[] bytes) {
        int at = random.nextInt(bytes.length);
        int length = Math.min(bytes.length - at, 1 + random.nextInt(16));
        byte[] copy = bytes.clone();
        switch (random.nextInt(8)) {
            case 0 -> copy[at] ^= (byte) (1 << random.nextInt(8));
            case 1 -> copy[at] = (byte) random.nextInt(256);
            case 2 -> copy = Arrays.copyOf(bytes, at);
            case 3 -> copy = joined(bytes, at, new byte[0], at + length);
            case 4 -> copy = joined(bytes, at, Arrays.copyOfRange(bytes, at, at + length), at);
            case 5 -> copy = joined(bytes, at, TOKENS[random.nextInt(TOKENS.length)], at);
            case 6 -> {
                int number =
                        new int[] {0, -1, Integer.MAX_VALUE, 1 << 30, 1 << 16, 255}
                                [random.nextInt(6)];
                boolean big = random.nextBoolean();
                for (int i = 0; i < 4 && at + i < copy.length; i++) {
                    copy[at + i] = (byte) (number >>> (big ? 24 - 8 * i : 8 * i));
                }
            }
            default -> {
                int from = random.nextInt(bytes.length - length + 1);
                System.arraycopy(bytes, from, copy, at, length);
            }
        }
        return copy;
    }

    private static byte[] joined(byte[] bytes, int end, byte[] inserted, int next) {
        byte[] joined = Arrays.copyOf(bytes, end + inserted.length + bytes.length - next);
        System.arraycopy(inserted, 0, joined, end, inserted.length);
        System.arraycopy(bytes, next, joined, end + inserted.length, bytes.length - next);
        return joined;
    }
}
