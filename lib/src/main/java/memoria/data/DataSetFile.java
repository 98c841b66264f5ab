package memoria.data;

import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import java.awt.image.BufferedImage;
import java.awt.image.Raster;
import java.awt.image.WritableRaster;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;
import javax.imageio.ImageIO;
import memoria.json.Json;
import memoria.json.JsonRecord;

/** The file format of a shipped data set: everything in it opens with ordinary tools. */
final class DataSetFile {

    private static final String FORMAT = "memoria-dataset-1";
    private static final int COLUMNS = 32;

    /** Levels and labels pack well, but not a thousandfold: what grows more is made to fill the memory. */
    private static final long ALWAYS_LEGAL = 1 << 24;

    private static final long MOST_GROWTH = 20;
    private static final int MOST_ENTRIES = 100;

    /** What {@code dataset.json} says; sha256 is that of the images' bytes in the order (image, channel, row, column). */
    private record Header(
            String format,
            int count,
            int channels,
            int height,
            int width,
            int columns,
            String sha256,
            Provenance provenance,
            List<String> classNames,
            String labels,
            String multiplicity,
            List<List<String>> captions) {}

    private DataSetFile() {}

    static void write(DataSet set, Path file) {
        Images images = set.distinct();
        if (images.count() == 0) {
            throw new IllegalStateException("An empty data set cannot be saved.");
        }
        if (images.channels() != 1 && images.channels() != 3) {
            throw new IllegalStateException(
                    "Images of "
                            + images.channels()
                            + " channels cannot be saved as a picture; 1 (grey) and 3 (colour) can.");
        }
        if (!images.quantized().equals(images)) {
            throw new IllegalStateException(
                    "The images are not on the 256 levels of a picture; saving would change them. DataSet.resize and"
                            + " Images.quantized round them.");
        }
        byte[] levels = images.bytes();
        Header header =
                new Header(
                        FORMAT,
                        images.count(),
                        images.channels(),
                        images.height(),
                        images.width(),
                        Math.min(COLUMNS, images.count()),
                        Checksum.sha256(levels),
                        set.provenance(),
                        set.classNames(),
                        join(set.labels()),
                        join(set.multiplicity()),
                        set.allCaptions().isEmpty() ? null : set.allCaptions());
        AtomicFile.write(
                file,
                out -> {
                    ZipOutputStream zip = new ZipOutputStream(out);
                    put(
                            zip,
                            "dataset.json",
                            Json.pretty(JsonRecord.write(header)).getBytes(StandardCharsets.UTF_8));
                    put(zip, "images.png", png(sheet(header, levels)));
                    put(
                            zip,
                            "LICENSE",
                            set.provenance().licenceText().getBytes(StandardCharsets.UTF_8));
                    zip.finish();
                });
    }

    private static void put(ZipOutputStream zip, String name, byte[] content) throws IOException {
        ZipEntry entry = new ZipEntry(name);
        // A fixed date: the same set makes the same file.
        entry.setTime(315_619_200_000L);
        zip.putNextEntry(entry);
        zip.write(content);
        zip.closeEntry();
    }

    private static byte[] png(BufferedImage sheet) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ImageIO.write(sheet, "png", bytes);
        return bytes.toByteArray();
    }

    /** Levels go to the raster as they are: drawing would convert grey through a colour space. */
    private static BufferedImage sheet(Header header, byte[] levels) {
        int rows = (header.count + header.columns - 1) / header.columns;
        BufferedImage sheet =
                new BufferedImage(
                        header.columns * header.width,
                        rows * header.height,
                        header.channels == 1
                                ? BufferedImage.TYPE_BYTE_GRAY
                                : BufferedImage.TYPE_INT_RGB);
        WritableRaster raster = sheet.getRaster();
        for (int at = 0; at < levels.length; at++) {
            int[] p = place(header, at);
            raster.setSample(p[0], p[1], p[2], levels[at] & 0xff);
        }
        return sheet;
    }

    /** Column, row and band on the sheet of one value of the batch. */
    private static int[] place(Header header, int at) {
        int x = at % header.width;
        int y = at / header.width % header.height;
        int band = at / (header.width * header.height) % header.channels;
        int image = at / (header.width * header.height * header.channels);
        return new int[] {
            image % header.columns * header.width + x,
            image / header.columns * header.height + y,
            band
        };
    }

    static DataSet read(Path file) {
        Map<String, byte[]> entries = entries(file);
        for (String name : List.of("dataset.json", "images.png", "LICENSE")) {
            if (!entries.containsKey(name)) {
                throw bad(file, "it is not a data set written by DataSet.save: no entry " + name);
            }
        }
        Header header = header(file, entries.get("dataset.json"));
        byte[] levels = levels(file, header, entries.get("images.png"));
        int[] labels = split(file, "labels", header.labels, header.count);
        int[] multiplicity = split(file, "multiplicity", header.multiplicity, header.count);
        for (int times : multiplicity) {
            if (times < 1) {
                throw bad(file, "an image is shown " + times + " times");
            }
        }
        Images images =
                Images.of(levels, header.count, header.channels, header.height, header.width);
        try {
            DataSet.of(images, labels, header.classNames, header.provenance);
        } catch (IllegalArgumentException e) {
            throw bad(file, e.getMessage());
        }
        List<List<String>> captions = header.captions == null ? List.of() : header.captions;
        boolean captioned = captions.size() == header.count;
        if (!captioned && !captions.isEmpty() || !captions.stream().allMatch(DataSetFile::texts)) {
            throw bad(file, "captions of " + captions.size() + " for " + header.count + " images");
        }
        return new DataSet(
                images,
                labels,
                header.classNames,
                new Multiplicity(multiplicity),
                header.provenance,
                captions);
    }

    private static boolean texts(List<String> captions) {
        return captions != null && captions.stream().allMatch(Objects::nonNull);
    }

    private static Map<String, byte[]> entries(Path file) {
        Map<String, byte[]> entries = new HashMap<>();
        byte[] content;
        try {
            content = Files.readAllBytes(file);
        } catch (IOException e) {
            throw AtomicFile.failure("read", file, e);
        }
        int most =
                (int) Math.min(Integer.MAX_VALUE - 8, ALWAYS_LEGAL + MOST_GROWTH * content.length);
        try (ZipInputStream zip = new ZipInputStream(new ByteArrayInputStream(content))) {
            for (ZipEntry e = zip.getNextEntry(); e != null; e = zip.getNextEntry()) {
                byte[] entry = zip.readNBytes(most);
                if (zip.read() >= 0 || entries.size() >= MOST_ENTRIES) {
                    throw bad(
                            file,
                            "its entry "
                                    + e.getName()
                                    + " unpacks to more than "
                                    + most
                                    + " bytes, or there are more than "
                                    + MOST_ENTRIES
                                    + " entries; no data set does that");
                }
                entries.put(e.getName(), entry);
            }
        } catch (ZipException | java.io.EOFException | IllegalArgumentException e) {
            boolean ours = String.valueOf(e.getMessage()).startsWith("file: ");
            throw ours
                    ? (IllegalArgumentException) e
                    : bad(file, "it is truncated or damaged: " + e.getMessage());
        } catch (IOException e) {
            throw AtomicFile.failure("read", file, e);
        }
        return entries;
    }

    private static Header header(Path file, byte[] json) {
        Header header;
        try {
            String text = new String(json, StandardCharsets.UTF_8);
            JsonObject parsed = Json.parse(text).getAsJsonObject();
            if (!parsed.has("captions")) {
                parsed.add("captions", JsonNull.INSTANCE);
            }
            header = JsonRecord.read(parsed, Header.class);
        } catch (RuntimeException e) {
            throw bad(file, "dataset.json is not readable: " + e.getMessage());
        }
        if (!FORMAT.equals(header.format)) {
            throw bad(file, "its format is " + header.format + ", this version reads " + FORMAT);
        }
        boolean sized =
                header.count > 0
                        && (header.channels == 1 || header.channels == 3)
                        && header.height > 0
                        && header.width > 0
                        && header.columns > 0;
        if (!sized
                || header.provenance == null
                || header.classNames == null
                || !texts(header.classNames)
                || header.labels == null
                || header.multiplicity == null) {
            throw bad(file, "dataset.json lacks a field or holds a size that is not legal");
        }
        return header;
    }

    private static byte[] levels(Path file, Header header, byte[] png) {
        long rows = ((long) header.count + header.columns - 1) / header.columns;
        BufferedImage sheet;
        try {
            sheet =
                    PictureFile.png(
                            png, (long) header.columns * header.width, rows * header.height);
        } catch (PictureFile.Unreadable e) {
            throw bad(file, "images.png: " + e.getMessage());
        }
        if (sheet.getRaster().getNumBands() != header.channels) {
            throw bad(file, "images.png does not have the channels that dataset.json states");
        }
        Raster raster = sheet.getRaster();
        byte[] levels = new byte[header.count * header.channels * header.height * header.width];
        for (int at = 0; at < levels.length; at++) {
            int[] p = place(header, at);
            levels[at] = (byte) raster.getSample(p[0], p[1], p[2]);
        }
        String found = Checksum.sha256(levels);
        if (!found.equals(header.sha256)) {
            throw bad(
                    file,
                    "the images' SHA-256 is " + found + ", dataset.json states " + header.sha256);
        }
        return levels;
    }

    private static String join(int[] numbers) {
        StringBuilder text = new StringBuilder();
        for (int number : numbers) {
            text.append(text.isEmpty() ? "" : " ").append(number);
        }
        return text.toString();
    }

    private static int[] split(Path file, String field, String text, int count) {
        String[] parts = text.split(" ");
        int[] numbers = new int[parts.length];
        try {
            for (int i = 0; i < numbers.length; i++) {
                numbers[i] = Integer.parseInt(parts[i]);
            }
        } catch (NumberFormatException e) {
            throw bad(file, field + " holds something that is not a whole number");
        }
        if (numbers.length != count) {
            throw bad(file, numbers.length + " " + field + " for " + count + " images");
        }
        return numbers;
    }

    private static IllegalArgumentException bad(Path file, String reason) {
        return new IllegalArgumentException("file: " + file + ": " + reason);
    }
}
