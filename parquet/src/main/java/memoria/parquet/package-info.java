/**
 * Parquet files as {@link memoria.data.TextRows}; the library finds it where this module is on the class path.
 *
 * <p>The Parquet project's own reader does the work, without Hadoop, on Java 17 and newer: on the caller's thread, and with no native code.
 * Before memory is taken for a row group, it must lie in the file and have as many values as rows; pages unpack no further than their header
 * says, and a checksum of a page is looked at where the file has one. So a damaged file costs no more than a whole one, and is refused with
 * its name and the reason.
 */
package memoria.parquet;
