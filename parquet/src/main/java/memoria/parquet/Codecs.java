package memoria.parquet;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.compressors.lz4.BlockLZ4CompressorInputStream;
import org.apache.commons.compress.compressors.snappy.SnappyCompressorInputStream;
import org.apache.commons.compress.compressors.zstandard.ZstdCompressorInputStream;
import org.apache.commons.compress.compressors.zstandard.ZstdUtils;
import org.apache.parquet.bytes.BytesInput;
import org.apache.parquet.compression.CompressionCodecFactory;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;

/** Unpacks pages in plain Java. Memory grows with what a page unpacks to, not with what its header says. */
final class Codecs implements CompressionCodecFactory {

    /**
     * Demands that a compression is known here.
     *
     * @param codec the compression
     * @throws IllegalArgumentException saying which it is and what to do
     */
    static void require(CompressionCodecName codec) {
        switch (codec) {
            case UNCOMPRESSED, GZIP, SNAPPY, LZ4_RAW -> {}
            case ZSTD -> {
                if (!ZstdUtils.isZstdCompressionAvailable()) {
                    throw new IllegalArgumentException(
                            "it is compressed with Zstandard: put com.github.luben:zstd-jni on the class path, or write it anew with Snappy");
                }
            }
            default ->
                    throw new IllegalArgumentException(
                            "its compression "
                                    + codec
                                    + " is not known here; none, gzip, Snappy, LZ4_RAW and Zstandard are");
        }
    }

    private static byte[] unpacked(CompressionCodecName codec, InputStream packed, int size)
            throws IOException {
        try (InputStream in = stream(codec, packed)) {
            byte[] bytes = in.readNBytes(size);
            if (bytes.length < size) {
                throw new IOException(
                        "a page unpacks to "
                                + bytes.length
                                + " bytes, and its header says "
                                + size);
            }
            return bytes;
        }
    }

    private static InputStream stream(CompressionCodecName codec, InputStream packed)
            throws IOException {
        return switch (codec) {
            case UNCOMPRESSED -> packed;
            case GZIP -> new GZIPInputStream(packed);
            case SNAPPY -> new SnappyCompressorInputStream(packed);
            case LZ4_RAW -> new BlockLZ4CompressorInputStream(packed);
            case ZSTD -> new ZstdCompressorInputStream(packed);
            default -> throw new IOException("compression " + codec);
        };
    }

    @Override
    public BytesInputDecompressor getDecompressor(CompressionCodecName codec) {
        return new BytesInputDecompressor() {
            @Override
            public BytesInput decompress(BytesInput packed, int size) throws IOException {
                return BytesInput.from(unpacked(codec, packed.toInputStream(), size));
            }

            @Override
            public void decompress(ByteBuffer packed, int packedSize, ByteBuffer bytes, int size)
                    throws IOException {
                byte[] content = new byte[packedSize];
                packed.get(content);
                bytes.put(unpacked(codec, new ByteArrayInputStream(content), size));
            }

            @Override
            public void release() {}
        };
    }

    @Override
    public BytesInputCompressor getCompressor(CompressionCodecName codec) {
        throw new UnsupportedOperationException("nothing is written here");
    }

    @Override
    public void release() {}
}
