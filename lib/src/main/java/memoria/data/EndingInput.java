package memoria.data;

import javax.imageio.stream.ImageInputStreamImpl;

/**
 * Bytes for a picture's decoder. Some decoders read on behind the end, as if zeros came, for as many pixels as a damaged header states; this
 * stream stops them.
 */
final class EndingInput extends ImageInputStreamImpl {

    private static final int PATIENCE = 64;

    private final byte[] content;
    private int ends;

    EndingInput(byte[] content) {
        this.content = content;
    }

    @Override
    public int read() {
        bitOffset = 0;
        return streamPos < content.length ? content[(int) streamPos++] & 0xff : end();
    }

    @Override
    public int read(byte[] into, int offset, int length) {
        bitOffset = 0;
        if (length == 0) {
            return 0;
        }
        int now = (int) Math.min(length, content.length - streamPos);
        if (now <= 0) {
            return end();
        }
        System.arraycopy(content, (int) streamPos, into, offset, now);
        streamPos += now;
        return now;
    }

    private int end() {
        if (++ends > PATIENCE) {
            throw new IllegalStateException("the data end before the picture does");
        }
        return -1;
    }

    @Override
    public long length() {
        return content.length;
    }
}
