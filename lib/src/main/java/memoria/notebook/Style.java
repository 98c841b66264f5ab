package memoria.notebook;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.font.FontRenderContext;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Locale;
import javax.imageio.ImageIO;
import org.knowm.xchart.style.AxesChartStyler;

/** The one look of all pictures: white, a light grid, dark text that is readable at its natural size. */
final class Style {

    static final int WIDTH = 720;
    static final int HEIGHT = 420;
    static final Color INK = new Color(0x262626);
    static final Color SOFT = new Color(0x5A5A5A);
    static final Color GRID = new Color(0xE6E6E6);

    private static final class Fonts {
        static final boolean WORK = work();

        /** Without fontconfig or any font Java's text layout fails, with an Error of one kind or another, of the plain kind too. */
        private static boolean work() {
            try {
                new Font(Font.SANS_SERIF, Font.PLAIN, 12)
                        .getStringBounds("x", new FontRenderContext(null, true, true));
                return true;
            } catch (RuntimeException | Error e) {
                return false;
            }
        }
    }

    static {
        // Pictures are drawn into memory; a broken or missing screen must not matter.
        if (System.getProperty("java.awt.headless") == null) {
            System.setProperty("java.awt.headless", "true");
        }
    }

    private Style() {}

    /**
     * Whether text can be drawn at all.
     *
     * @return false on a machine without fonts
     */
    static boolean fontsWork() {
        return Fonts.WORK;
    }

    static Font font(int size) {
        return new Font(Font.SANS_SERIF, Font.PLAIN, size);
    }

    static Font bold(int size) {
        return new Font(Font.SANS_SERIF, Font.BOLD, size);
    }

    /**
     * Dresses a chart.
     *
     * @param s the chart's styler
     */
    static void apply(AxesChartStyler s) {
        s.setBaseFont(font(13));
        s.setLocale(Locale.ROOT);
        s.setChartBackgroundColor(Color.WHITE);
        s.setPlotBackgroundColor(Color.WHITE);
        s.setChartFontColor(INK);
        s.setChartPadding(10);
        s.setAntiAlias(true);
        s.setChartTitleFont(bold(15));
        s.setChartTitleBoxVisible(false);
        s.setChartTitlePadding(6);
        s.setPlotBorderVisible(false);
        s.setPlotContentSize(1);
        s.setPlotMargin(0);
        s.setPlotGridLinesColor(GRID);
        s.setPlotGridLinesStroke(new BasicStroke(1));
        s.setPlotTicksMarksVisible(false);
        s.setAxisTitleFont(font(13));
        s.setAxisTitlePadding(8);
        s.setXAxisTitleColor(INK);
        s.setYAxisTitleColor(INK);
        s.setAxisTickLabelsFont(font(12));
        s.setAxisTickLabelsColor(SOFT);
        s.setAxisTickMarksColor(SOFT);
        s.setAxisTicksLineVisible(true);
        s.setAxisTicksMarksVisible(true);
        s.setAxisTickMarkLength(4);
        s.setAxisTickPadding(5);
        s.setXAxisTickMarkSpacingHint(80);
        s.setYAxisTickMarkSpacingHint(45);
        s.setLegendVisible(false);
        s.setXAxisDecimalPattern("#,##0.######");
        s.setYAxisDecimalPattern("#,##0.######");
    }

    /**
     * A white picture to draw on.
     *
     * @param width in pixels
     * @param height in pixels
     * @return the picture
     */
    static BufferedImage canvas(int width, int height) {
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        Graphics2D g = image.createGraphics();
        g.setColor(Color.WHITE);
        g.fillRect(0, 0, width, height);
        g.dispose();
        return image;
    }

    static Graphics2D smooth(BufferedImage image) {
        Graphics2D g = image.createGraphics();
        g.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
        g.setRenderingHint(
                RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
        return g;
    }

    /**
     * A picture as a file.
     *
     * @param image any picture
     * @return all bytes of a PNG
     */
    static byte[] png(java.awt.image.RenderedImage image) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            ImageIO.write(image, "png", out);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }
}
