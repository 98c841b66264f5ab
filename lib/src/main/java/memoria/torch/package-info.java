/**
 * The operators the engine's Java interface lacks, scopes for native memory, gradients, devices and Adam: the one package that knows
 * PyTorch's own classes.
 *
 * <p>Three rules, each bought with a silent failure of the plain interface:
 *
 * <ol>
 *   <li>Host data enters through {@link memoria.torch.Tensors}: the engine otherwise borrows Java memory that is freed with the handle.
 *   <li>Scalars multiply, divide and raise through {@link memoria.torch.Scalars}: the engine's {@code mul(Number)} and its kin give wrong
 *       gradients once the garbage collector has run.
 *   <li>Temporaries live in a {@link memoria.torch.Scope}: a result otherwise joins the manager of its first operand and stays for good.
 * </ol>
 */
package memoria.torch;
