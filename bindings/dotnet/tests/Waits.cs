using System;
using System.IO;
using System.Threading;
using Filemap.Threading;
using AutoResetEvent = Filemap.Threading.AutoResetEvent;
using EventWaitHandle = Filemap.Threading.EventWaitHandle;
using ManualResetEvent = Filemap.Threading.ManualResetEvent;
using Mutex = Filemap.Threading.Mutex;
using Semaphore = Filemap.Threading.Semaphore;
using WaitHandle = Filemap.Threading.WaitHandle;

static class Waits
{
    internal static void Run()
    {
        AMutexHasOneOwner();
        AnEventReleasesOneOrAll();
        ASemaphoreCounts();
        ANameIsOfOneKind();
        SeveralAreWaitedFor();
        AnAbandonedMutexIsTold();
    }

    static void Elsewhere(Action body)
    {
        Exception failure = null;
        var thread = new Thread(delegate()
        {
            try { body(); }
            catch (Exception error) { failure = error; }
        });
        thread.Start();
        thread.Join();
        if (failure != null)
            throw new Exception("in another thread", failure);
    }

    static void AMutexHasOneOwner()
    {
        string name = Names.New();
        bool made;
        using (var mutex = new Mutex(true, name, out made))
        {
            Check.That(made && mutex.WaitOne(0), "an owner takes it again");
            Elsewhere(delegate
            {
                bool again;
                using (var other = new Mutex(true, name, out again))
                {
                    Check.That(!again && !other.WaitOne(0) && !other.WaitOne(TimeSpan.FromMilliseconds(1)), "nobody else has it");
                    Check.Throws<ApplicationException>(() => other.ReleaseMutex());
                }
            });
            mutex.ReleaseMutex();
            mutex.ReleaseMutex();
            Check.Throws<ApplicationException>(() => mutex.ReleaseMutex());
            Elsewhere(delegate
            {
                using (Mutex other = Mutex.OpenExisting(name))
                {
                    Check.That(other.WaitOne(), "it is free");
                    other.ReleaseMutex();
                }
            });
        }
        Mutex none;
        Check.That(!Mutex.TryOpenExisting(name, out none) && none == null, "the name is gone");
        Check.Throws<WaitHandleCannotBeOpenedException>(() => Mutex.OpenExisting(name));
        Check.Throws<ArgumentNullException>(() => Mutex.OpenExisting(null));
        Check.Throws<ArgumentException>(() => Mutex.OpenExisting(""));
        var closed = new Mutex();
        closed.Dispose();
        Check.Throws<ObjectDisposedException>(() => closed.WaitOne());
        Check.Throws<ObjectDisposedException>(() => closed.ReleaseMutex());
    }

    static void AnEventReleasesOneOrAll()
    {
        string name = Names.New();
        bool made;
        using (var manual = new EventWaitHandle(false, EventResetMode.ManualReset, name, out made))
        using (EventWaitHandle other = EventWaitHandle.OpenExisting(name))
        {
            Check.That(made && !manual.WaitOne(0), "it is not set");
            Check.That(other.Set() && manual.WaitOne() && manual.WaitOne(0), "it stays set");
            Check.That(other.Reset() && !manual.WaitOne(0), "it is reset");
        }
        using (var automatic = new AutoResetEvent(true))
            Check.That(automatic.WaitOne(0) && !automatic.WaitOne(0), "one goes on");
        using (var set = new ManualResetEvent(true))
            Check.That(set.WaitOne(0, false) && set.WaitOne(TimeSpan.Zero, false), "all go on");
        Check.Throws<ArgumentException>(() => new EventWaitHandle(false, (EventResetMode)7));
        Check.Throws<ArgumentOutOfRangeException>(() => new AutoResetEvent(false).WaitOne(-2));
    }

    static void ASemaphoreCounts()
    {
        string name = Names.New();
        bool made;
        using (var semaphore = new Semaphore(1, 3, name, out made))
        using (Semaphore other = Semaphore.OpenExisting(name))
        {
            Check.That(made && other.WaitOne(0) && !semaphore.WaitOne(0), "it had one");
            Check.Same(semaphore.Release(), 0);
            Check.Same(other.Release(2), 1);
            Check.Throws<SemaphoreFullException>(() => other.Release());
            Check.Throws<ArgumentOutOfRangeException>(() => other.Release(0));
        }
        Check.Throws<ArgumentOutOfRangeException>(() => new Semaphore(-1, 3));
        Check.Throws<ArgumentOutOfRangeException>(() => new Semaphore(0, 0));
        Check.Throws<ArgumentException>(() => new Semaphore(4, 3));
    }

    static void ANameIsOfOneKind()
    {
        string name = Names.New();
        using (new Mutex(false, name))
        {
            EventWaitHandle none;
            Check.Throws<WaitHandleCannotBeOpenedException>(() => new Semaphore(0, 1, name));
            Check.Throws<WaitHandleCannotBeOpenedException>(() => EventWaitHandle.TryOpenExisting(name, out none));
            Check.Fails(6, () => Filemap.MemoryMappedFiles.MemoryMappedFile.CreateNew(name, 10));
        }
    }

    static void SeveralAreWaitedFor()
    {
        using (var first = new AutoResetEvent(false))
        using (var second = new ManualResetEvent(true))
        using (var third = new Semaphore(1, 1))
        {
            WaitHandle[] all = { first, second, third };
            Check.Same(WaitHandle.WaitAny(all), 1);
            Check.Same(WaitHandle.WaitAny(new WaitHandle[] { first }, 1), WaitHandle.WaitTimeout);
            Check.That(!WaitHandle.WaitAll(all, 1), "one is not set");
            Check.That(third.WaitOne(0), "none was taken");
            third.Release();
            first.Set();
            Check.That(WaitHandle.WaitAll(all), "all are");
            Check.That(!first.WaitOne(0) && !third.WaitOne(0), "all were taken");
            Check.That(!WaitHandle.SignalAndWait(second, first, 1, false), "nobody sets it");
            Check.Throws<ArgumentNullException>(() => WaitHandle.WaitAny(null));
            Check.Throws<ArgumentNullException>(() => WaitHandle.WaitAny(new WaitHandle[] { first, null }));
            Check.Throws<ArgumentException>(() => WaitHandle.WaitAny(new WaitHandle[0]));
            Check.Throws<NotSupportedException>(() => WaitHandle.WaitAny(new WaitHandle[65]));
            Check.Throws<DuplicateWaitObjectException>(() => WaitHandle.WaitAll(new WaitHandle[] { first, first }));
            Check.Throws<ArgumentOutOfRangeException>(() => WaitHandle.WaitAll(all, -2));
        }
    }

    static void AnAbandonedMutexIsTold()
    {
        using (var free = new AutoResetEvent(false))
        using (var mutex = new Mutex())
        {
            Elsewhere(() => mutex.WaitOne());
            Check.Throws<AbandonedMutexException>(() => mutex.WaitOne());
            mutex.ReleaseMutex();
            Elsewhere(() => mutex.WaitOne());
            Check.Same(Check.Throws<AbandonedMutexException>(() => WaitHandle.WaitAny(new WaitHandle[] { free, mutex })).MutexIndex, 1);
            mutex.ReleaseMutex();
            Elsewhere(() => mutex.WaitOne());
            Check.Throws<AbandonedMutexException>(() => WaitHandle.WaitAll(new WaitHandle[] { mutex }));
            mutex.ReleaseMutex();
        }
    }
}
