/** Files that hold named tensors. A file is checked before a tensor is made, so a damaged one is an exception, never a crash. */
package memoria.checkpoint;
