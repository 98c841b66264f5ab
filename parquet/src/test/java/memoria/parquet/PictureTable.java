package memoria.parquet;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes a Parquet file as Hugging Face's data sets of pictures are: a struct {@code image} of {@code bytes} and {@code path}, and a text. One
 * row group, one page a column, plain, without compression.
 */
final class PictureTable {

    private static final int I32 = 5;
    private static final int I64 = 6;
    private static final int TEXT = 8;
    private static final int LIST = 9;
    private static final int STRUCT = 12;
    private static final int BYTE_ARRAY = 6;
    private static final int OPTIONAL = 1;

    /** A row; each part may be null. */
    record Row(byte[] picture, String path, String caption) {}

    /** Thrift's compact protocol: structs are lists of numbered fields. */
    private static final class Thrift {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();
        private int last;

        private Thrift varint(long value) {
            long rest = value;
            for (; (rest & ~0x7FL) != 0; rest >>>= 7) {
                out.write((int) (rest & 0x7F | 0x80));
            }
            out.write((int) rest);
            return this;
        }

        private Thrift field(int id, int type) {
            out.write(id - last << 4 | type);
            last = id;
            return this;
        }

        Thrift number(int id, int type, long value) {
            return field(id, type).varint(value << 1 ^ value >> 63);
        }

        Thrift text(int id, String value) {
            byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
            field(id, TEXT).varint(bytes.length).out.writeBytes(bytes);
            return this;
        }

        Thrift struct(int id, Thrift value) {
            field(id, STRUCT).out.writeBytes(value.end());
            return this;
        }

        Thrift structs(int id, List<Thrift> values) {
            field(id, LIST).out.write(values.size() << 4 | STRUCT);
            values.forEach(value -> out.writeBytes(value.end()));
            return this;
        }

        Thrift texts(int id, List<String> values) {
            field(id, LIST).out.write(values.size() << 4 | TEXT);
            for (String value : values) {
                byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
                varint(bytes.length).out.writeBytes(bytes);
            }
            return this;
        }

        Thrift numbers(int id, int... values) {
            field(id, LIST).out.write(values.length << 4 | I32);
            for (int value : values) {
                varint((long) value << 1);
            }
            return this;
        }

        byte[] end() {
            out.write(0);
            return out.toByteArray();
        }
    }

    private final ByteArrayOutputStream file = new ByteArrayOutputStream();
    private final List<Thrift> chunks = new ArrayList<>();
    private final int rows;

    private PictureTable(int rows) {
        this.rows = rows;
        file.writeBytes("PAR1".getBytes(StandardCharsets.US_ASCII));
    }

    static Path write(Path target, List<Row> rows) throws Exception {
        PictureTable table = new PictureTable(rows.size());
        List<byte[]> pictures = new ArrayList<>();
        List<byte[]> paths = new ArrayList<>();
        List<byte[]> captions = new ArrayList<>();
        for (Row row : rows) {
            pictures.add(row.picture());
            paths.add(bytes(row.path()));
            captions.add(bytes(row.caption()));
        }
        table.column(List.of("image", "bytes"), 2, pictures);
        table.column(List.of("image", "path"), 2, paths);
        table.column(List.of("text"), 1, captions);
        return Files.write(target, table.end());
    }

    private static byte[] bytes(String text) {
        return text == null ? null : text.getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] little(int number) {
        return ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(number).array();
    }

    /** Levels first, each a run of one: how deep the value is there. Then the values that are there, each behind its length. */
    private void column(List<String> path, int deepest, List<byte[]> values) {
        ByteArrayOutputStream levels = new ByteArrayOutputStream();
        ByteArrayOutputStream plain = new ByteArrayOutputStream();
        for (byte[] value : values) {
            levels.write(1 << 1);
            levels.write(value == null ? deepest - 1 : deepest);
            if (value != null) {
                plain.writeBytes(little(value.length));
                plain.writeBytes(value);
            }
        }
        int size = 4 + levels.size() + plain.size();
        long start = file.size();
        Thrift data = new Thrift().number(1, I32, values.size()).number(2, I32, 0);
        data.number(3, I32, 3).number(4, I32, 3);
        Thrift page = new Thrift().number(1, I32, 0).number(2, I32, size).number(3, I32, size);
        file.writeBytes(page.struct(5, data).end());
        file.writeBytes(little(levels.size()));
        file.writeBytes(levels.toByteArray());
        file.writeBytes(plain.toByteArray());
        long all = file.size() - start;
        Thrift meta = new Thrift().number(1, I32, BYTE_ARRAY).numbers(2, 0, 3).texts(3, path);
        meta.number(4, I32, 0).number(5, I64, values.size()).number(6, I64, all);
        meta.number(7, I64, all).number(9, I64, start);
        chunks.add(new Thrift().number(2, I64, start).struct(3, meta));
    }

    private static Thrift leaf(String name, boolean text) {
        Thrift leaf = new Thrift().number(1, I32, BYTE_ARRAY).number(3, I32, OPTIONAL);
        leaf.text(4, name);
        return text ? leaf.number(6, I32, 0) : leaf;
    }

    private byte[] end() {
        Thrift root = new Thrift().text(4, "schema").number(5, I32, 2);
        Thrift image = new Thrift().number(3, I32, OPTIONAL).text(4, "image").number(5, I32, 2);
        List<Thrift> schema =
                List.of(root, image, leaf("bytes", false), leaf("path", true), leaf("text", true));
        Thrift group = new Thrift().structs(1, chunks);
        group.number(2, I64, file.size()).number(3, I64, rows);
        Thrift meta = new Thrift().number(1, I32, 1).structs(2, schema).number(3, I64, rows);
        byte[] footer = meta.structs(4, List.of(group)).end();
        file.writeBytes(footer);
        file.writeBytes(little(footer.length));
        file.writeBytes("PAR1".getBytes(StandardCharsets.US_ASCII));
        return file.toByteArray();
    }
}
