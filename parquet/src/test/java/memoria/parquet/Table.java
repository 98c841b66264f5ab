package memoria.parquet;

import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.example.data.simple.SimpleGroup;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.hadoop.example.ExampleParquetWriter;
import org.apache.parquet.io.LocalOutputFile;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.MessageTypeParser;

/** Writes Parquet files without compression. */
final class Table {

    private static final String PICTURES =
            "message schema { optional group image { optional binary bytes; optional binary path (STRING); } optional binary text (STRING); }";

    /** A row of a table of pictures; each part may be null. */
    record Picture(byte[] picture, String path, String caption) {}

    private Table() {}

    /**
     * Writes any rows.
     *
     * @param target the file
     * @param schema its columns, in Parquet's notation
     * @param rows each fills in one row
     * @return the file
     * @throws Exception if it cannot be written
     */
    static Path write(Path target, String schema, List<Consumer<Group>> rows) throws Exception {
        MessageType type = MessageTypeParser.parseMessageType(schema);
        try (ParquetWriter<Group> writer =
                ExampleParquetWriter.builder(new LocalOutputFile(target)).withType(type).build()) {
            for (Consumer<Group> row : rows) {
                Group group = new SimpleGroup(type);
                row.accept(group);
                writer.write(group);
            }
        }
        return target;
    }

    /** As Hugging Face's data sets of pictures are: a struct {@code image} of {@code bytes} and {@code path}, and a text. */
    static Path pictures(Path target, List<Picture> rows) throws Exception {
        return write(target, PICTURES, rows.stream().map(Table::fill).toList());
    }

    private static Consumer<Group> fill(Picture row) {
        return group -> {
            Group image = group.addGroup("image");
            if (row.picture() != null) {
                image.add("bytes", Binary.fromConstantByteArray(row.picture()));
            }
            if (row.path() != null) {
                image.add("path", row.path());
            }
            if (row.caption() != null) {
                group.add("text", row.caption());
            }
        };
    }
}
