package memoria.kernel;

import java.security.GeneralSecurityException;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;
import org.dflib.jjava.jupyter.channels.JupyterConnection;
import org.dflib.jjava.jupyter.channels.JupyterSocket;
import org.dflib.jjava.jupyter.channels.ShellChannel;
import org.dflib.jjava.jupyter.channels.ShellReplyEnvironment;
import org.dflib.jjava.jupyter.channels.StdinChannel;
import org.dflib.jjava.jupyter.kernel.KernelConnectionProperties;
import org.dflib.jjava.jupyter.messages.Message;
import org.dflib.jjava.jupyter.messages.MessageContext;
import org.dflib.jjava.jupyter.messages.reply.InputReply;
import org.dflib.jjava.jupyter.messages.request.InputRequest;
import org.zeromq.ZMQ;

/**
 * The kernel's sockets, guarded against two losses: messages dropped when many are queued, and sockets that close for good because the thread
 * that used them was interrupted.
 */
final class KernelConnection extends JupyterConnection {
    private static final long INPUT_POLL_MILLIS = 50;

    private final Consumer<Runnable> sender;

    /**
     * Prepares the sockets; {@link #connect()} opens them.
     *
     * @param properties addresses and key, from the front end
     * @param sender sends a message to the front end's output channel, given the action that does
     * @throws GeneralSecurityException when the key's signature scheme is unknown
     */
    KernelConnection(KernelConnectionProperties properties, Consumer<Runnable> sender)
            throws GeneralSecurityException {
        super(properties);
        this.sender = sender;
        // Unlimited: the default forgets output, and with it the message that a cell has ended,
        // once 1000 messages wait.
        getIOPub().setSndHWM(0);
    }

    @Override
    public ShellReplyEnvironment prepareReplyEnv(ShellChannel channel, MessageContext context) {
        return new Environment(channel, stdin, getIOPub(), context);
    }

    private final class Environment extends ShellReplyEnvironment {
        Environment(
                ShellChannel shell,
                StdinChannel stdin,
                JupyterSocket iopub,
                MessageContext context) {
            super(shell, stdin, iopub, context);
        }

        @Override
        public void publish(Message<?> message) {
            sender.accept(() -> super.publish(message));
        }

        /** Waits on another thread: an interrupt must not meet the one that reads the socket. */
        @Override
        public String readFromStdIn(String prompt, boolean password) {
            CompletableFuture<String> answer = new CompletableFuture<>();
            Thread reader =
                    new Thread(() -> ask(new InputRequest(prompt, password), answer), "stdin");
            reader.setDaemon(true);
            reader.start();
            try {
                return answer.get();
            } catch (InterruptedException e) {
                answer.cancel(false);
                Thread.currentThread().interrupt();
                throw new CancellationException("interrupted while waiting for input");
            } catch (ExecutionException e) {
                throw new IllegalStateException("the front end gave no input", e.getCause());
            }
        }

        private void ask(InputRequest request, CompletableFuture<String> answer) {
            synchronized (stdin) {
                try {
                    stdin.sendMessage(
                            new Message<>(getContext(), InputRequest.MESSAGE_TYPE, request));
                    while (!answer.isDone()) {
                        if ((stdin.getEvents() & ZMQ.Poller.POLLIN) != 0) {
                            answer.complete(
                                    stdin.readMessage(InputReply.MESSAGE_TYPE)
                                                    .getContent()
                                                    .getValue()
                                            + "\n");
                        } else {
                            Thread.sleep(INPUT_POLL_MILLIS);
                        }
                    }
                } catch (InterruptedException | RuntimeException e) {
                    answer.completeExceptionally(e);
                }
            }
        }
    }
}
