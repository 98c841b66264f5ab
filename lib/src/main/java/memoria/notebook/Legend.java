package memoria.notebook;

import java.awt.Font;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;

/** What the colours mean, below the plot so that it never covers data; as many rows as it needs. */
final class Legend {

    private static final int ROW = 22;
    private static final int SWATCH = 22;
    private static final int GAP = 22;
    private static final Font FONT = Style.font(13);

    /** How a series looks in the plot. */
    enum Kind {
        AREA,
        LINE,
        POINTS
    }

    private record Entry(String name, Palette.Ink ink, Kind kind) {}

    private final List<Entry> entries = new ArrayList<>();

    void add(String name, Palette.Ink ink, Kind kind) {
        entries.add(new Entry(name, ink, kind));
    }

    /**
     * The height it needs.
     *
     * @param width of the chart
     * @return in pixels
     */
    int height(int width) {
        Graphics2D g = new BufferedImage(1, 1, BufferedImage.TYPE_INT_RGB).createGraphics();
        g.setFont(FONT);
        int height = rows(g.getFontMetrics(), width).size() * ROW + 8;
        g.dispose();
        return height;
    }

    private List<List<Entry>> rows(FontMetrics metrics, int width) {
        List<List<Entry>> rows = new ArrayList<>();
        int used = width;
        for (Entry e : entries) {
            int length = length(metrics, e);
            if (used + length > width - 40 || rows.isEmpty()) {
                rows.add(new ArrayList<>());
                used = 0;
            }
            rows.get(rows.size() - 1).add(e);
            used += length + GAP;
        }
        return rows;
    }

    private static int length(FontMetrics metrics, Entry e) {
        return SWATCH + 7 + metrics.stringWidth(e.name);
    }

    /**
     * Draws it, rows centred.
     *
     * @param g to draw on
     * @param width of the chart
     * @param top where the legend begins
     */
    void paint(Graphics2D g, int width, int top) {
        g.setFont(FONT);
        FontMetrics metrics = g.getFontMetrics();
        int y = top;
        for (List<Entry> row : rows(metrics, width)) {
            int total = row.stream().mapToInt(e -> length(metrics, e)).sum();
            int x = (width - total - GAP * (row.size() - 1)) / 2;
            for (Entry e : row) {
                swatch(g, e, x, y + ROW / 2);
                g.setColor(Style.INK);
                g.drawString(e.name, x + SWATCH + 7, y + ROW / 2 + 5);
                x += length(metrics, e) + GAP;
            }
            y += ROW;
        }
    }

    private static void swatch(Graphics2D g, Entry e, int x, int middle) {
        g.setStroke(e.ink.stroke());
        switch (e.kind) {
            case AREA -> {
                g.setColor(e.ink.fill(60));
                g.fillRect(x, middle - 6, SWATCH, 12);
                g.setColor(e.ink.color());
                g.drawRect(x, middle - 6, SWATCH, 12);
            }
            case LINE -> {
                g.setColor(e.ink.color());
                g.drawLine(x, middle, x + SWATCH, middle);
            }
            default -> {
                g.setColor(e.ink.color());
                g.fillOval(x + SWATCH / 2 - 5, middle - 5, 10, 10);
            }
        }
    }
}
