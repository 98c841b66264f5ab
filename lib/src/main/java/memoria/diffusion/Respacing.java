package memoria.diffusion;

import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * Which indices of the trained schedule a sampler visits, written as in improved-diffusion (Nichol and Dhariwal, 2021, section 4).
 *
 * <ul>
 *   <li>{@code "250"}: that many, spread evenly; the first and the last index are both among them.
 *   <li>{@code "10,15,20"}: the schedule is cut into as many equal sections as there are numbers, and each is spread for itself.
 *   <li>{@code "leading50+1"}: every k-th index from the offset on, 50 of them, with {@code k = T / 50} rounded down: diffusers' times. The
 *       offset may be missing.
 *   <li>{@code "every20+1"}: every 20th index from the offset on, to the end: latent diffusion's times for 50 steps of 1000.
 *   <li>{@code "ddim50"}: every k-th index from 0 on, with the k that gives exactly that many; the last index is not among them.
 * </ul>
 */
public final class Respacing {

    private static final String DDIM = "ddim";
    private static final Pattern OFFSET =
            Pattern.compile("(leading|every)(\\d{1,6})(?:\\+(\\d{1,6}))?");

    private Respacing() {}

    /**
     * The indices a respacing visits.
     *
     * @param steps length T of the trained schedule, at least 1
     * @param respacing {@code "N"}, {@code "a,b,c"}, {@code "ddimN"}, {@code "leadingN+offset"} or {@code "everyK+offset"}
     * @return indices in 0..T-1, ascending and distinct
     * @throws IllegalArgumentException if steps is below 1, the text is not understood, or the schedule is too short for it
     */
    public static int[] indices(int steps, String respacing) {
        if (steps < 1) {
            throw new IllegalArgumentException("steps: " + steps + "; at least 1 is needed");
        }
        String text = respacing.strip();
        if (text.matches("ddim\\d{1,9}")) {
            return strided(steps, Integer.parseInt(text.substring(DDIM.length())));
        }
        Matcher offset = OFFSET.matcher(text);
        if (offset.matches()) {
            String shift = offset.group(3);
            return offset(
                    steps,
                    respacing,
                    offset.group(1).equals("leading"),
                    Integer.parseInt(offset.group(2)),
                    shift == null ? 0 : Integer.parseInt(shift));
        }
        if (!text.matches("\\d{1,9}(,\\d{1,9})*")) {
            throw new IllegalArgumentException(
                    "respacing: '"
                            + respacing
                            + "' is not like 250, 10,15,20, ddim50, leading50+1 or every20+1");
        }
        int[] counts = Arrays.stream(text.split(",")).mapToInt(Integer::parseInt).toArray();
        IntStream all = IntStream.empty();
        int start = 0;
        for (int i = 0; i < counts.length; i++) {
            int size = steps / counts.length + (i < steps % counts.length ? 1 : 0);
            if (counts[i] < 1 || counts[i] > size) {
                throw new IllegalArgumentException(
                        "respacing: '"
                                + respacing
                                + "' asks for "
                                + counts[i]
                                + " steps of a section of "
                                + size
                                + "; 1 to "
                                + size
                                + " are legal");
            }
            all = IntStream.concat(all, IntStream.of(spread(start, size, counts[i])));
            start += size;
        }
        return all.sorted().distinct().toArray();
    }

    private static int[] offset(
            int steps, String respacing, boolean leading, int number, int shift) {
        boolean legal = number >= 1 && number <= steps;
        int stride = legal && leading ? steps / number : number;
        int count = !legal ? 0 : leading ? number : (steps + stride - 1) / stride;
        if (!legal || (count - 1) * stride + shift >= steps) {
            throw new IllegalArgumentException(
                    "respacing: '"
                            + respacing
                            + "' goes beyond the last index of "
                            + steps
                            + (legal ? "; a smaller offset is legal" : ""));
        }
        return IntStream.range(0, count).map(i -> i * stride + shift).toArray();
    }

    private static int[] strided(int steps, int count) {
        int nearest = 0;
        for (int stride = 1; stride < steps; stride++) {
            int found = (steps + stride - 1) / stride;
            if (found == count) {
                int k = stride;
                return IntStream.range(0, count).map(i -> i * k).toArray();
            }
            if (Math.abs(found - count) <= Math.abs(nearest - count)) {
                nearest = found;
            }
        }
        throw new IllegalArgumentException(
                "respacing: 'ddim"
                        + count
                        + "' is impossible, no whole stride visits exactly "
                        + count
                        + " of "
                        + steps
                        + " indices; ddim"
                        + nearest
                        + " is the nearest, and '"
                        + Math.max(1, Math.min(count, steps))
                        + "' spreads without a stride");
    }

    /** The position is accumulated and rounded half to even, as the reference does: the rounding decides which index is taken. */
    private static int[] spread(int start, int size, int count) {
        double stride = count == 1 ? 1 : (size - 1) / (double) (count - 1);
        int[] taken = new int[count];
        double position = 0;
        for (int i = 0; i < count; i++) {
            taken[i] = start + (int) Math.rint(position);
            position += stride;
        }
        return taken;
    }
}
