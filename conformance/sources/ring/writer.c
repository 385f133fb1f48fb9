/* Puts numbers into a ring that another program takes them from. */
#include <stdio.h>
#include <windows.h>

#include "ring.h"

int main(void)
{
    struct objects ring;
    DWORD number;
    LONG before = -1;

    if (!open_ring(&ring))
        return 1;
    for (number = 1; number <= NUMBERS; number++) {
        WaitForSingleObject(ring.free, INFINITE);
        WaitForSingleObject(ring.lock, INFINITE);
        ring.view->slots[ring.view->written++ % SLOTS] = number;
        ReleaseMutex(ring.lock);
        ReleaseSemaphore(ring.filled, 1, &before);
    }
    /* The names must not go before the other one has opened them. */
    if (WaitForSingleObject(ring.done, 60000) != WAIT_OBJECT_0)
        return 2;
    printf("written %lu\n", ring.view->written);
    close_ring(&ring);
    return 0;
}
