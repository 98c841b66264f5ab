/** Parquet files as {@link memoria.data.TextRows}; the library finds it where this module is on the class path. */
package memoria.parquet;
