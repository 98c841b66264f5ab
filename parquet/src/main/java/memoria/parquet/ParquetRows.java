package memoria.parquet;

import dev.hardwood.InputFile;
import dev.hardwood.reader.ParquetFileReader;
import dev.hardwood.reader.RowReader;
import dev.hardwood.row.PqList;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import memoria.data.TextRows;

/**
 * Rows of Parquet files, such as LAION's and Hugging Face's: texts, numbers and truth values by column, and lists of such. Files without
 * compression and with gzip or Snappy are read; for Zstandard put {@code com.github.luben:zstd-jni} on the class path.
 */
public final class ParquetRows implements TextRows.Format {

    /** Made by the service loader. */
    public ParquetRows() {}

    @Override
    public String ending() {
        return ".parquet";
    }

    @Override
    public void read(Path file, TextRows.Sink sink) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new NoSuchFileException(file.toString());
        }
        try (InputFile in = InputFile.of(file);
                ParquetFileReader reader = ParquetFileReader.open(in);
                RowReader rows = reader.rowReader()) {
            while (next(rows)) {
                // What the sink refuses is its own, with its own words.
                sink.row(row(rows));
            }
        } catch (Damaged e) {
            throw new IllegalArgumentException(e.getMessage(), e.getCause());
        } catch (IOException | IllegalStateException | IndexOutOfBoundsException e) {
            throw new IllegalArgumentException(damage(e), e);
        }
    }

    /** The reader ran into something that is not Parquet. */
    private static final class Damaged extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Damaged(RuntimeException cause) {
            super(damage(cause), cause);
        }
    }

    private static String damage(Exception e) {
        String cause = e.getCause() == null ? "" : " (" + e.getCause().getMessage() + ")";
        return "it is truncated, damaged or no Parquet file: " + e.getMessage() + cause;
    }

    private static boolean next(RowReader rows) {
        try {
            boolean more = rows.hasNext();
            if (more) {
                rows.next();
            }
            return more;
        } catch (RuntimeException e) {
            throw new Damaged(e);
        }
    }

    private static Map<String, List<String>> row(RowReader rows) {
        Map<String, List<String>> row = new LinkedHashMap<>();
        try {
            for (int i = 0; i < rows.getFieldCount(); i++) {
                List<String> texts = new ArrayList<>();
                Object value = rows.getValue(i);
                if (value instanceof PqList list) {
                    for (int k = 0; k < list.size(); k++) {
                        add(list.get(k), texts);
                    }
                } else {
                    add(value, texts);
                }
                if (!texts.isEmpty()) {
                    row.put(rows.getFieldName(i), texts);
                }
            }
        } catch (RuntimeException e) {
            throw new Damaged(e);
        }
        return row;
    }

    private static void add(Object value, List<String> into) {
        if (value instanceof String || value instanceof Number || value instanceof Boolean) {
            into.add(value.toString());
        }
    }
}
