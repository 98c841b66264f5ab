/**
 * A Java kernel for Jupyter: JShell in the JVM that runs it, one thread for the reader's code.
 *
 * <p>{@link memoria.kernel.CellEvaluator} compiles and runs cells and knows nothing of Jupyter; {@link memoria.kernel.MemoriaKernel} is the only class
 * that knows the protocol library below it.
 */
package memoria.kernel;
