package memoria.notebook;

import java.awt.BasicStroke;
import java.awt.Color;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** Colours and dashes of the series of one chart. */
final class Palette {

    /** Okabe and Ito's colours but for yellow, which is hard to see as a line on white. */
    private static final List<Color> FREE =
            List.of(
                    new Color(0x0072B2),
                    new Color(0xD55E00),
                    new Color(0x009E73),
                    new Color(0xCC79A7),
                    new Color(0xE69F00),
                    new Color(0x56B4E9),
                    new Color(0x000000));

    private static final float[][] DASHES = {null, {7, 4}, {2, 3}, {9, 3, 2, 3}};

    private static final float WIDTH = 2f;

    /** Viridis at equal steps: lightness grows with the value for every kind of colour vision, and in print. */
    static final Color[] HEAT =
            Arrays.stream(
                            new int[] {
                                0x440154, 0x482878, 0x3E4989, 0x31688E, 0x26828E, 0x1F9E89,
                                0x35B779, 0x6DCD59, 0xB4DE2C, 0xFDE725
                            })
                    .mapToObj(Color::new)
                    .toArray(Color[]::new);

    /** How one series is drawn. */
    record Ink(Color color, BasicStroke stroke) {
        Color fill(int alpha) {
            return new Color(color.getRed(), color.getGreen(), color.getBlue(), alpha);
        }
    }

    private Palette() {}

    /**
     * One ink per series: the role's colour, a second series of a role dashed; series without a role get the colours that are left.
     *
     * @param series the chart's series
     * @return as many inks
     */
    static List<Ink> inks(List<Series> series) {
        Map<Role, Integer> seen = new EnumMap<>(Role.class);
        List<Color> left = new ArrayList<>(FREE);
        series.stream().filter(s -> s.role() != null).forEach(s -> left.remove(s.role().color()));
        if (left.isEmpty()) {
            left.addAll(FREE);
        }
        List<Ink> inks = new ArrayList<>();
        int free = 0;
        for (Series s : series) {
            Role role = s.role();
            if (role == null) {
                inks.add(new Ink(left.get(free % left.size()), stroke(free / left.size())));
                free++;
            } else {
                int nth = seen.merge(role, 1, Integer::sum) - 1;
                inks.add(new Ink(role.color(), stroke(role == Role.THEORY ? nth + 1 : nth)));
            }
        }
        return inks;
    }

    private static BasicStroke stroke(int nth) {
        float[] dash = DASHES[nth % DASHES.length];
        return dash == null
                ? new BasicStroke(WIDTH, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND)
                : new BasicStroke(WIDTH, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND, 10, dash, 0);
    }
}
