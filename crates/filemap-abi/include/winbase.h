/* For sources that include <winbase.h>: kernel32's functions are in filemap.h. */
#ifndef FILEMAP_WINBASE_H
#define FILEMAP_WINBASE_H

#include "winnt.h"

#define HasOverlappedIoCompleted(overlapped) ((overlapped)->Internal != 0x103)

#endif
