package memoria.parquet;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import memoria.data.TextRows;
import memoria.progress.Progress;
import org.apache.parquet.ParquetReadOptions;
import org.apache.parquet.column.page.PageReadStore;
import org.apache.parquet.conf.PlainParquetConfiguration;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.example.data.simple.convert.GroupRecordConverter;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.metadata.BlockMetaData;
import org.apache.parquet.hadoop.metadata.ColumnChunkMetaData;
import org.apache.parquet.io.ColumnIOFactory;
import org.apache.parquet.io.LocalInputFile;
import org.apache.parquet.io.RecordReader;
import org.apache.parquet.schema.MessageType;

/**
 * Rows of Parquet files, such as LAION's and Hugging Face's: texts, numbers and truth values by column, and lists of such; and the bytes of
 * columns that hold files, plain or as Hugging Face writes pictures, a struct with {@code bytes}. Other columns are not read. Files without
 * compression and with gzip, Snappy or LZ4 are read; for Zstandard put {@code com.github.luben:zstd-jni} on the class path. All work is done
 * on the caller's thread, with one row group in memory at a time. A damaged file is refused with an {@link IllegalArgumentException}.
 */
public final class ParquetRows implements TextRows.Format {

    private static final ParquetReadOptions OPTIONS =
            ParquetReadOptions.builder(new PlainParquetConfiguration())
                    .withCodecFactory(new Codecs())
                    .usePageChecksumVerification()
                    .build();

    /** Made by the service loader. */
    public ParquetRows() {}

    @Override
    public String ending() {
        return ".parquet";
    }

    @Override
    public void read(Path file, TextRows.Sink sink) throws IOException {
        long size;
        try (var readable = Files.newByteChannel(file)) {
            size = readable.size();
        }
        try (ParquetFileReader reader =
                sound(() -> ParquetFileReader.open(new LocalInputFile(file), OPTIONS))) {
            Columns columns =
                    sound(() -> new Columns(reader.getFooter().getFileMetaData().getSchema()));
            for (BlockMetaData group : reader.getRowGroups()) {
                require(group, columns, size);
            }
            sound(
                    () -> {
                        reader.setRequestedSchema(columns.schema());
                        return reader;
                    });
            PageReadStore group = sound(reader::readNextRowGroup);
            while (group != null) {
                rows(group, columns, sink);
                group = sound(reader::readNextRowGroup);
            }
        }
    }

    private static void rows(PageReadStore group, Columns columns, TextRows.Sink sink) {
        MessageType schema = columns.schema();
        RecordReader<Group> records =
                sound(
                        () ->
                                new ColumnIOFactory()
                                        .getColumnIO(schema)
                                        .getRecordReader(group, new GroupRecordConverter(schema)));
        for (long i = 0; i < group.getRowCount(); i++) {
            Progress.checkpoint();
            Columns.Row row = sound(() -> columns.row(records.read()));
            sink.row(row.texts(), row.bytes());
        }
    }

    /** Before memory is taken for what a row group says of itself: it must lie in the file, and its columns have its number of rows. */
    private static void require(BlockMetaData group, Columns columns, long size) {
        for (ColumnChunkMetaData chunk : group.getColumns()) {
            if (columns.has(chunk.getPath())) {
                Codecs.require(chunk.getCodec());
                long start = sound(chunk::getStartingPos);
                long bytes = chunk.getTotalSize();
                if (start < 0 || bytes < 0 || bytes > size - start) {
                    throw damaged(
                            "column "
                                    + chunk.getPath()
                                    + " should be "
                                    + bytes
                                    + " bytes from "
                                    + start
                                    + " in a file of "
                                    + size,
                            null);
                }
                if (!columns.isList(chunk.getPath())
                        && chunk.getValueCount() != group.getRowCount()) {
                    throw damaged(
                            "column "
                                    + chunk.getPath()
                                    + " has "
                                    + chunk.getValueCount()
                                    + " values for "
                                    + group.getRowCount()
                                    + " rows",
                            null);
                }
            }
        }
    }

    /** A step of the foreign reader, which throws whatever it runs into: of a damaged file null pointers too, and what its numbers ask for. */
    private static <T> T sound(Callable<T> step) {
        try {
            return step.call();
        } catch (OutOfMemoryError e) {
            throw new IllegalArgumentException(
                    "it is damaged, or its row groups need a larger heap: " + e.getMessage(), e);
        } catch (LinkageError e) {
            throw new IllegalArgumentException(
                    "it needs a part of the Parquet reader that is not on the class path: "
                            + e.getMessage(),
                    e);
        } catch (Exception | StackOverflowError e) {
            String cause = e.getCause() == null ? "" : " (" + e.getCause().getMessage() + ")";
            throw damaged(e.getMessage() + cause, e);
        }
    }

    private static IllegalArgumentException damaged(String reason, Throwable cause) {
        return new IllegalArgumentException(
                "it is truncated, damaged or no Parquet file: " + reason, cause);
    }
}
