/* A ring of numbers in shared memory, between two programs. */
#define SLOTS 8
#define NUMBERS 2000

struct ring {
    DWORD written, taken;
    DWORD slots[SLOTS];
};

struct objects {
    HANDLE mapping, lock, free, filled, done;
    struct ring *view;
};

static BOOL open_ring(struct objects *ring)
{
    ring->mapping = CreateFileMapping(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0,
                                      sizeof(struct ring), TEXT("Local\\ring of numbers"));
    ring->lock = CreateMutex(NULL, FALSE, TEXT("Local\\ring: lock"));
    ring->free = CreateSemaphore(NULL, SLOTS, SLOTS, TEXT("Local\\ring: free slots"));
    ring->filled = CreateSemaphore(NULL, 0, SLOTS, TEXT("Local\\ring: filled slots"));
    ring->done = CreateEvent(NULL, TRUE, FALSE, TEXT("Local\\ring: done"));
    if (!ring->mapping || !ring->lock || !ring->free || !ring->filled || !ring->done)
        return FALSE;
    ring->view = MapViewOfFile(ring->mapping, FILE_MAP_ALL_ACCESS, 0, 0, 0);
    return ring->view != NULL;
}

static void close_ring(struct objects *ring)
{
    UnmapViewOfFile(ring->view);
    CloseHandle(ring->mapping);
    CloseHandle(ring->lock);
    CloseHandle(ring->free);
    CloseHandle(ring->filled);
    CloseHandle(ring->done);
}
