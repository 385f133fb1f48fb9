// Lost pages inside a JVM, which has handlers of its own: 1,000 views are mapped, cut and accessed
// in four threads, amid null references, that compiled code learns of by SIGSEGV, collections, and
// lost pages of the JVM's own buffers, of which it learns by SIGBUS.

import java.io.File;
import java.io.RandomAccessFile;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.util.concurrent.atomic.AtomicInteger;

final class Probe {
    static final int THREADS = 4;
    static final int PROBES = 250;
    static final int BUFFERS = 20;

    // 0 if each access to the lost page was an error.
    static native int probe();

    // 0 if a lost page read as zeros by its address.
    static native int zeros();

    static final class Thing {
        int value;
        Thing next;
    }

    static final AtomicInteger errors = new AtomicInteger();
    static final AtomicInteger references = new AtomicInteger();
    static final AtomicInteger collections = new AtomicInteger();
    static volatile Object garbage;
    static volatile int sink;

    public static void main(String[] arguments) throws Exception {
        System.load(arguments[0]);
        Thread[] threads = new Thread[THREADS];
        for (int index = 0; index < THREADS; index++) {
            threads[index] = new Thread(Probe::work);
            threads[index].start();
        }
        int buffers = 0;
        for (int index = 0; index < BUFFERS; index++) {
            if (losesABuffer())
                buffers++;
        }
        for (Thread thread : threads)
            thread.join();

        int wanted = THREADS * PROBES;
        System.out.printf("%d of %d probes survived; %d of %d null references caught; "
            + "%d collections; %d of %d lost buffers reported by the JVM itself%n",
            errors.get(), wanted, references.get(), wanted, collections.get(), buffers, BUFFERS);
        boolean well = errors.get() == wanted && references.get() == wanted && buffers == BUFFERS;
        System.exit(well ? 0 : 1);
    }

    static int valueOf(Thing thing) {
        return thing.value;
    }

    static void work() {
        Thing somebody = new Thing();
        for (int round = 0; round < PROBES; round++) {
            if (probe() == 0 && zeros() == 0)
                errors.incrementAndGet();
            // Often enough to be compiled, and so without a check for null but the fault.
            for (int index = 0; index < 1000; index++)
                sink = valueOf(somebody);
            try {
                sink = valueOf(somebody.next);
            } catch (NullPointerException expected) {
                references.incrementAndGet();
            }
            garbage = new Thing[1000];
            if (round % 25 == 0) {
                System.gc();
                collections.incrementAndGet();
            }
        }
    }

    // A fault that is the JVM's own, which reaches it through the handler of the library.
    static boolean losesABuffer() throws Exception {
        File path = File.createTempFile("filemap-probe", null);
        try {
            try (RandomAccessFile file = new RandomAccessFile(path, "rw")) {
                file.setLength(1 << 16);
                MappedByteBuffer buffer =
                    file.getChannel().map(FileChannel.MapMode.READ_WRITE, 0, 1 << 16);
                file.setLength(0);
                sink = buffer.get(1 << 15);
            }
            Thread.sleep(0);
            return false;
        } catch (InternalError expected) {
            // The JVM throws it at some later point of the thread.
            return true;
        } finally {
            path.delete();
        }
    }
}
