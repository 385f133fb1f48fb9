/* For sources that include <windows.h>: what of it programs need that share memory. */
#ifndef FILEMAP_WINDOWS_H
#define FILEMAP_WINDOWS_H

#include "windef.h"
#include "winnt.h"
#include "winbase.h"

#endif
