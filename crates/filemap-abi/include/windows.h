/* For sources that include <windows.h>: what they find there is filemap.h, and nothing else of
 * Windows. */
#ifndef FILEMAP_WINDOWS_H
#define FILEMAP_WINDOWS_H

#include "filemap.h"

#endif
