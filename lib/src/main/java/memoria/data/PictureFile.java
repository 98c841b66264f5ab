package memoria.data;

import com.twelvemonkeys.imageio.plugins.jpeg.JPEGImageReaderSpi;
import com.twelvemonkeys.imageio.plugins.webp.WebPImageReaderSpi;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.Locale;
import java.util.zip.CRC32;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.spi.IIORegistry;
import javax.imageio.spi.ImageReaderSpi;

/**
 * Decodes picture files: JPEG (also CMYK and YCCK), PNG, WebP, GIF (the first picture), BMP and TIFF. The reader is chosen by the file's first
 * bytes, not by its name, and made here, so that it does not matter which class loader asks. What is cut off or has a wrong checksum is
 * refused, although most decoders would give a half-grey picture.
 */
final class PictureFile {

    /** Pixels of the largest picture decoded: 8192 x 8192. */
    static final long MOST_PIXELS = 1L << 26;

    private static final long LONGEST = 1L << 28;
    private static final long WEBP_ALWAYS = 1L << 20;
    private static final long WEBP_PIXELS_A_BYTE = 1L << 11;
    private static final byte[] PNG = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    private static final ImageReaderSpi JPEG_READERS = registered(new JPEGImageReaderSpi());
    private static final ImageReaderSpi WEBP_READERS = registered(new WebPImageReaderSpi());

    /** Why a picture cannot be decoded; the message has no file name yet. */
    static final class Unreadable extends Exception {
        private static final long serialVersionUID = 1L;

        Unreadable(String reason) {
            super(reason);
        }
    }

    private PictureFile() {}

    /** The JPEG reader stands on the platform's own and finds it when it is registered, which a class loader may have done before. */
    private static ImageReaderSpi registered(ImageReaderSpi readers) {
        IIORegistry registry = IIORegistry.getDefaultInstance();
        ImageReaderSpi known = registry.getServiceProviderByClass(readers.getClass());
        if (known != null) {
            return known;
        }
        registry.registerServiceProvider(readers, ImageReaderSpi.class);
        return readers;
    }

    /**
     * Decodes a file.
     *
     * @throws Unreadable if it is no picture, truncated, damaged or too large
     */
    static BufferedImage read(Path file) throws Unreadable {
        try {
            long size = Files.size(file);
            if (size > LONGEST) {
                throw new Unreadable(size + " bytes; a picture file may have " + LONGEST);
            }
            return decode(Files.readAllBytes(file));
        } catch (IOException e) {
            throw new Unreadable(AtomicFile.failure("read", file, e).getMessage());
        }
    }

    /** Decodes the content of a file. */
    static BufferedImage decode(byte[] content) throws Unreadable {
        if (startsWith(content, 0, PNG)) {
            requirePngWhole(content);
            return decode(content, named("png"), MOST_PIXELS);
        }
        if (startsWith(content, 0, (byte) 0xff, (byte) 0xd8, (byte) 0xff)) {
            requireJpegWhole(content);
            return decode(content, JPEG_READERS, MOST_PIXELS);
        }
        if (startsWith(content, 0, ascii("RIFF")) && startsWith(content, 8, ascii("WEBP"))) {
            long stated = Integer.toUnsignedLong(Integer.reverseBytes(int32(content, 4))) + 8;
            requireLength(content, stated);
            // A few bytes can state many pixels, each of which takes its reader long.
            long most = WEBP_ALWAYS + WEBP_PIXELS_A_BYTE * content.length;
            return decode(content, WEBP_READERS, Math.min(MOST_PIXELS, most));
        }
        if (startsWith(content, 0, ascii("GIF8"))) {
            int end = content.length - 1;
            while (end > 0 && content[end] == 0) {
                end--;
            }
            if (content[end] != ';') {
                throw new Unreadable("it is truncated: a GIF file ends with ';'");
            }
            return decode(content, named("gif"), MOST_PIXELS);
        }
        if (startsWith(content, 0, ascii("BM")) && content.length > 6) {
            requireLength(content, Integer.toUnsignedLong(Integer.reverseBytes(int32(content, 2))));
            return decode(content, named("bmp"), MOST_PIXELS);
        }
        if (startsWith(content, 0, ascii("II*\0")) || startsWith(content, 0, ascii("MM\0*"))) {
            return decode(content, named("tiff"), MOST_PIXELS);
        }
        throw new Unreadable(
                content.length == 0
                        ? "it is empty"
                        : "it is not a picture of a known format (JPEG, PNG, WebP, GIF, BMP, TIFF)");
    }

    /** Decodes a PNG of known size, which is compared before anything is decoded. */
    static BufferedImage png(byte[] content, long width, long height) throws Unreadable {
        if (!startsWith(content, 0, PNG)) {
            throw new Unreadable("it is not a PNG picture");
        }
        requirePngWhole(content);
        if (int32(content, 16) != width || int32(content, 20) != height) {
            throw new Unreadable(
                    "it is "
                            + int32(content, 16)
                            + " x "
                            + int32(content, 20)
                            + " pixels instead of "
                            + width
                            + " x "
                            + height);
        }
        return decode(content, named("png"), Integer.MAX_VALUE);
    }

    /** The platform's reader of a format, whichever others are registered. */
    private static ImageReaderSpi named(String format) {
        Iterator<ImageReader> readers = ImageIO.getImageReadersByFormatName(format);
        while (readers.hasNext()) {
            ImageReaderSpi provider = readers.next().getOriginatingProvider();
            if (provider.getClass().getName().startsWith("com.sun.")) {
                return provider;
            }
        }
        throw new IllegalStateException("this Java platform has no reader of " + format);
    }

    private static BufferedImage decode(byte[] content, ImageReaderSpi readers, long most)
            throws Unreadable {
        try (EndingInput in = new EndingInput(content)) {
            ImageReader reader = readers.createReaderInstance();
            String[] damage = {null};
            reader.addIIOReadWarningListener(
                    (source, warning) -> damage[0] = damaged(warning) ? warning : damage[0]);
            try {
                reader.setInput(in, true, true);
                long width = reader.getWidth(0);
                long height = reader.getHeight(0);
                if (width * height > most) {
                    throw new Unreadable(
                            width
                                    + " x "
                                    + height
                                    + " pixels; of a file of "
                                    + content.length
                                    + " bytes at most "
                                    + most
                                    + " are decoded");
                }
                BufferedImage picture = reader.read(0);
                if (damage[0] != null) {
                    throw new Unreadable("it is damaged: " + damage[0]);
                }
                return picture;
            } finally {
                reader.dispose();
            }
        } catch (IOException | RuntimeException e) {
            // Decoders answer damage with whatever they run into.
            throw new Unreadable("it is damaged: " + (e.getMessage() == null ? e : e.getMessage()));
        }
    }

    private static boolean damaged(String warning) {
        String text = warning.toLowerCase(Locale.ROOT);
        return text.contains("corrupt") || text.contains("premature") || text.contains("truncated");
    }

    /** A length, a type, the content and its CRC-32: the platform's reader checks none of the checksums. */
    private static void requirePngWhole(byte[] content) throws Unreadable {
        int at = PNG.length;
        while (true) {
            long length = at + 8 > content.length ? -1 : int32(content, at);
            if (length < 0 || at + 12 + length > content.length) {
                throw new Unreadable("it is truncated");
            }
            CRC32 checksum = new CRC32();
            checksum.update(content, at + 4, (int) length + 4);
            if ((int) checksum.getValue() != int32(content, at + 8 + (int) length)) {
                throw new Unreadable(
                        "it is damaged: the checksum of its chunk "
                                + new String(content, at + 4, 4, StandardCharsets.ISO_8859_1)
                                        .replaceAll("[^A-Za-z]", "?")
                                + " does not match");
            }
            boolean header = startsWith(content, at + 4, ascii("IHDR")) && length == 13;
            if (at == PNG.length && !header) {
                throw new Unreadable("it is damaged: it does not begin with its header");
            }
            if (startsWith(content, at + 4, ascii("IEND"))) {
                return;
            }
            at += 12 + (int) length;
        }
    }

    /** The end marker must come after the start of the scan: a preview inside the metadata has one, too. */
    private static void requireJpegWhole(byte[] content) throws Unreadable {
        int at = 2;
        while (at + 4 <= content.length && (content[at] & 0xff) == 0xff) {
            int marker = content[at + 1] & 0xff;
            if (marker == 0xff) {
                at++;
                continue;
            }
            if (marker == 0xda) {
                break;
            }
            at += 2 + ((content[at + 2] & 0xff) << 8 | content[at + 3] & 0xff);
        }
        for (int end = content.length - 2; end > at; end--) {
            if ((content[end] & 0xff) == 0xff && (content[end + 1] & 0xff) == 0xd9) {
                return;
            }
        }
        throw new Unreadable("it is truncated: its end marker is missing");
    }

    private static void requireLength(byte[] content, long stated) throws Unreadable {
        if (stated > content.length) {
            throw new Unreadable(
                    "it is truncated: it states " + stated + " bytes and has " + content.length);
        }
    }

    private static boolean startsWith(byte[] content, int at, byte... bytes) {
        boolean equal = content.length >= at + bytes.length;
        for (int i = 0; equal && i < bytes.length; i++) {
            equal = content[at + i] == bytes[i];
        }
        return equal;
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static int int32(byte[] content, int at) {
        return ByteBuffer.wrap(content).getInt(at);
    }
}
