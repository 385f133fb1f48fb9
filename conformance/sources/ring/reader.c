/* Takes numbers from a ring that another program puts them into. */
#include <stdio.h>
#include <windows.h>

#include "ring.h"

int main(void)
{
    struct objects ring;
    HANDLE both[2];
    DWORD sum = 0, expected = 1, number;

    if (!open_ring(&ring))
        return 1;
    both[0] = ring.filled;
    both[1] = ring.lock;
    while (expected <= NUMBERS) {
        /* Something is there, and nobody else changes the ring. */
        if (WaitForMultipleObjects(2, both, TRUE, 60000) != WAIT_OBJECT_0)
            return 2;
        number = ring.view->slots[ring.view->taken++ % SLOTS];
        ReleaseMutex(ring.lock);
        ReleaseSemaphore(ring.free, 1, NULL);
        if (number != expected++)
            printf("%lu came instead of %lu\n", number, expected - 1);
        sum += number;
    }
    printf("sum %lu\n", sum);
    SetEvent(ring.done);
    close_ring(&ring);
    return 0;
}
