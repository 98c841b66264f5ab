package memoria.parquet;

import dev.hardwood.InputFile;
import dev.hardwood.reader.ParquetFileReader;
import dev.hardwood.reader.RowReader;
import dev.hardwood.row.PqList;
import dev.hardwood.row.PqStruct;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import memoria.data.TextRows;
import memoria.progress.Progress;

/**
 * Rows of Parquet files, such as LAION's and Hugging Face's: texts, numbers and truth values by column, and lists of such; and the bytes of
 * columns that hold files, plain or as Hugging Face writes pictures, a struct with {@code bytes}. Files without compression and with gzip or
 * Snappy are read; for Zstandard put {@code com.github.luben:zstd-jni} on the class path. A file is
 * mapped into memory and must not change while it is read.
 */
public final class ParquetRows implements TextRows.Format {

    private static final String BYTES = "bytes";

    /** How long a row may take. */
    static volatile Duration patience = Duration.ofSeconds(60);

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
        Watch watch = new Watch();
        try (InputFile in = InputFile.of(file);
                ParquetFileReader reader = ParquetFileReader.open(in);
                RowReader rows = reader.rowReader()) {
            while (rows.hasNext()) {
                rows.next();
                Map<String, byte[]> bytes = new LinkedHashMap<>();
                Map<String, List<String>> row = row(rows, bytes);
                watch.rest();
                give(sink, row, bytes);
                watch.begin();
            }
        } catch (Refusal e) {
            throw (RuntimeException) e.getCause();
        } catch (IOException | RuntimeException e) {
            if (!watch.rest()) {
                Progress.checkpoint();
            }
            // Of a damaged file the reader throws whatever it runs into, null pointers too.
            throw new IllegalArgumentException(damage(e), e);
        } catch (OutOfMemoryError e) {
            // A damaged file asks for as much as its numbers happen to say.
            throw new IllegalArgumentException(
                    "it is damaged, or its row groups need a larger heap: " + e.getMessage(), e);
        } finally {
            watch.rest();
        }
    }

    /** Interrupts the thread when no row comes for long: of some damaged files the reader waits for ever. */
    private static final class Watch {
        private static final ScheduledExecutorService CLOCK =
                Executors.newSingleThreadScheduledExecutor(
                        task -> {
                            Thread thread = new Thread(task, "memoria-parquet");
                            thread.setDaemon(true);
                            return thread;
                        });

        private final Thread reading = Thread.currentThread();
        private Future<?> alarm;
        private boolean rang;

        Watch() {
            begin();
        }

        final synchronized void begin() {
            Future<?>[] mine = {null};
            mine[0] =
                    CLOCK.schedule(() -> ring(mine[0]), patience.toMillis(), TimeUnit.MILLISECONDS);
            alarm = mine[0];
        }

        private synchronized void ring(Future<?> of) {
            if (alarm == of) {
                rang = true;
                reading.interrupt();
            }
        }

        /** Whether it rang; then the interrupt was its own and is cleared. */
        synchronized boolean rest() {
            if (alarm != null) {
                alarm.cancel(false);
                alarm = null;
                if (rang) {
                    Thread.interrupted();
                }
            }
            return rang;
        }
    }

    /** What the sink throws is its own, with its own words. */
    private static final class Refusal extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Refusal(RuntimeException cause) {
            super(cause);
        }
    }

    private static void give(
            TextRows.Sink sink, Map<String, List<String>> row, Map<String, byte[]> bytes) {
        try {
            sink.row(row, bytes);
        } catch (RuntimeException e) {
            throw new Refusal(e);
        }
    }

    private static String damage(Exception e) {
        String cause = e.getCause() == null ? "" : " (" + e.getCause().getMessage() + ")";
        return "it is truncated, damaged or no Parquet file: " + e.getMessage() + cause;
    }

    private static Map<String, List<String>> row(RowReader rows, Map<String, byte[]> bytes) {
        Map<String, List<String>> row = new LinkedHashMap<>();
        for (int i = 0; i < rows.getFieldCount(); i++) {
            List<String> texts = new ArrayList<>();
            Object value = rows.getValue(i);
            String name = rows.getFieldName(i);
            if (value instanceof PqList list) {
                for (int k = 0; k < list.size(); k++) {
                    add(list.get(k), texts);
                }
            } else if (value instanceof byte[] file) {
                bytes.put(name, file);
            } else if (value instanceof PqStruct struct) {
                file(struct).ifPresent(file -> bytes.put(name, file));
            } else {
                add(value, texts);
            }
            if (!texts.isEmpty()) {
                row.put(name, texts);
            }
        }
        return row;
    }

    /** The file in a struct such as Hugging Face's {@code {bytes, path}}; nothing if it has only the path. */
    private static Optional<byte[]> file(PqStruct struct) {
        for (int i = 0; i < struct.getFieldCount(); i++) {
            if (struct.getFieldName(i).equals(BYTES)
                    && struct.getValue(i) instanceof byte[] content) {
                return Optional.of(content);
            }
        }
        return Optional.empty();
    }

    private static void add(Object value, List<String> into) {
        if (value instanceof String || value instanceof Number || value instanceof Boolean) {
            into.add(value.toString());
        }
    }
}
